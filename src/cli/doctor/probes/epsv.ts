import { replyText } from "../conversation.js";
import { outcomeText } from "../data.js";
import { hasNoPort, isLastWord, rangeText, tryPassive } from "../passive-tries.js";
import { defineProbe } from "../probe.js";
import { OPEN_PORTS, PASSIVE_PORT_SETTINGS } from "./passive-advice.js";

export const epsv = defineProbe({
  id: "epsv",
  section: "Data connections",
  title: "passive data connections by EPSV",
  needs: ["login"],
  troubles: {
    "epsv-refused": {
      kind: "note",
      text: "The server has no EPSV",
      cause:
        "It is older than RFC 2428, or a firewall's FTP inspection refuses the command. Clients go on with PASV.",
      change: [
        { side: "server", what: "Update the server." },
        { side: "network", what: "Turn FTP inspection off in firewalls between." },
      ],
      weight: 15,
    },
    "epsv-no-port": {
      kind: "problem",
      text: "The server has no free port for passive data connections",
      cause: "Its range of passive ports is too small for its sessions, or other programs use these ports.",
      change: [{ side: "server", what: "Give it more passive ports.", settings: PASSIVE_PORT_SETTINGS }],
      weight: 79,
    },
    "epsv-unreadable": {
      kind: "problem",
      text: "The answer to EPSV has no port",
      cause: "The server, or a firewall that changes what it says, does not keep to RFC 2428.",
      change: [
        { side: "server", what: "Update the server, or turn EPSV off." },
        { side: "network", what: "Turn FTP inspection off in firewalls between." },
      ],
      weight: 55,
    },
    "epsv-port-closed": {
      kind: "problem",
      text: "The port that EPSV tells refuses connections: {port}",
      cause: "A firewall refuses the server's passive ports, or NAT does not forward them to the server.",
      change: OPEN_PORTS,
      weight: 82,
    },
    "epsv-port-hangs": {
      kind: "problem",
      text: "The port that EPSV tells is not answered: {port}",
      cause:
        "A firewall drops connections to the server's passive ports. Every transfer waits until it gives up.",
      change: OPEN_PORTS,
      weight: 83,
    },
  },
  async run(visit, tell) {
    const tries = await tryPassive(visit, await visit.session(), "EPSV");
    if ("kind" in tries) {
      if (tries.kind === "way-refused") {
        const evidence = replyText(tries.reply);
        if (isLastWord(tries.reply)) visit.dropSession();
        visit.facts.epsv = hasNoPort(tries.reply) ? "no-port" : "refused";
        if (visit.facts.epsv === "no-port") return [tell.found("epsv-no-port", { evidence })];
        // Of IPv6 there is no other passive way.
        const kind = visit.facts.address?.family === 6 ? ("problem" as const) : undefined;
        return [tell.found("epsv-refused", { evidence, kind })];
      }
      if (tries.kind === "no-port")
        return [tell.found("epsv-unreadable", { evidence: replyText(tries.reply) })];
      return [tell.unknown("Whether EPSV works", outcomeText(tries))];
    }
    const { failed, ports, reply } = tries;
    const range = rangeText(ports);
    if (failed === undefined) {
      visit.facts.passive = [...(visit.facts.passive ?? []), "EPSV"];
      return [tell.ok(`EPSV works; its ports were ${range}`)];
    }
    const id = failed.why === "hangs" ? "epsv-port-hangs" : "epsv-port-closed";
    return [tell.found(id, { evidence: replyText(reply), values: { port: failed.port, ports: range } })];
  },
});

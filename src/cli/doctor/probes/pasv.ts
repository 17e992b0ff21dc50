import { addressFamily } from "../../../connection/address.js";
import { judgeToldAddress } from "../address-scope.js";
import { replyText } from "../conversation.js";
import { outcomeText } from "../data.js";
import type { Advice, Finding } from "../finding.js";
import { hasNoPort, isLastWord, type PassiveTries, rangeText, tryPassive } from "../passive-tries.js";
import { defineProbe, type Findings } from "../probe.js";
import type { Visit } from "../visit.js";
import { OPEN_PORTS, PASSIVE_MODE_SETTINGS, PASSIVE_PORT_SETTINGS } from "./passive-advice.js";

const TELL_PUBLIC_ADDRESS: readonly Advice[] = [
  {
    side: "server",
    what: "Have it tell the address that its clients connect to, {address}.",
    settings: {
      vsftpd: "pasv_address",
      ProFTPD: "MasqueradeAddress",
      "Pure-FTPd": "ForcePassiveIP",
      "FileZilla Server": "Passive mode, public IP",
      "Microsoft FTP Service": "FTP Firewall Support, External IP Address of Firewall",
      pyftpdlib: "handler.masquerade_address",
      SFTPGo: "force_passive_ip",
      Ferry: "--passive-address",
    },
  },
  {
    side: "client",
    what: "Until then: use a client that ignores this address, as Ferry and curl do, or EPSV.",
  },
];

const TROUBLES = {
  "pasv-refused": {
    kind: "note",
    text: "The server has no PASV",
    cause:
      "It is turned off, or a firewall's FTP inspection refuses the command. Old clients know no other way.",
    change: [{ side: "server", what: "Allow PASV.", settings: { vsftpd: "pasv_enable=YES" } }],
    weight: 28,
  },
  "passive-refused": {
    kind: "problem",
    text: "The server allows no passive mode: EPSV and PASV are both refused",
    cause:
      "It is turned off, or a firewall's FTP inspection refuses the commands. Clients behind NAT or a firewall, as most are, get no data connection.",
    change: [
      {
        side: "server",
        what: "Allow passive mode, with a small range of ports.",
        settings: PASSIVE_MODE_SETTINGS,
      },
      { side: "network", what: "Turn FTP inspection off in firewalls between." },
      { side: "client", what: "Until then: --active, where the server can reach you." },
    ],
    weight: 84,
  },
  "pasv-no-port": {
    kind: "problem",
    text: "The server has no free port for passive data connections",
    cause: "Its range of passive ports is too small for its sessions, or other programs use these ports.",
    change: [{ side: "server", what: "Give it more passive ports.", settings: PASSIVE_PORT_SETTINGS }],
    weight: 79,
  },
  "pasv-unreadable": {
    kind: "problem",
    text: "The answer to PASV has no address and port",
    cause:
      "The server's configuration makes it say something that is no six numbers, such as a name or a URL.",
    change: TELL_PUBLIC_ADDRESS,
    weight: 70,
  },
  "pasv-address-private": {
    kind: "problem",
    text: "The server tells an address of a private network for data connections: {told}",
    cause:
      "It is behind NAT, or in a container, and does not know the address that the world sees. Clients that follow it connect to nowhere.",
    change: TELL_PUBLIC_ADDRESS,
    weight: 80,
  },
  "pasv-address-zero": {
    kind: "problem",
    text: "The server tells 0.0.0.0 as its address for data connections",
    cause: "It was told to listen on every address, and tells that in place of its own.",
    change: TELL_PUBLIC_ADDRESS,
    weight: 80,
  },
  "pasv-address-foreign": {
    kind: "problem",
    text: "The server tells the address of another host for data connections: {told}",
    cause:
      "Its address has changed since it was configured, or it has several; it could also be an attack (CVE-2020-8284). Most clients do not follow it.",
    change: TELL_PUBLIC_ADDRESS,
    weight: 78,
  },
  "pasv-address-outside": {
    kind: "note",
    text: "The server tells its address on the Internet to us, who are on its own network: {told}",
    cause:
      "That is right for clients outside. Those inside reach it only if the router turns such connections round.",
    change: [
      {
        side: "server",
        what: "Have it tell each network its own address.",
        settings: { Ferry: "passiveAddress, by network" },
      },
      { side: "client", what: "Use a client that ignores this address, as Ferry and curl do, or EPSV." },
    ],
    weight: 35,
  },
  "pasv-port-closed": {
    kind: "problem",
    text: "The port that PASV tells refuses connections: {port}",
    cause: "A firewall refuses the server's passive ports, or NAT does not forward them to the server.",
    change: OPEN_PORTS,
    weight: 82,
  },
  "pasv-port-hangs": {
    kind: "problem",
    text: "The port that PASV tells is not answered: {port}",
    cause:
      "A firewall drops connections to the server's passive ports. Every transfer waits until it gives up.",
    change: OPEN_PORTS,
    weight: 83,
  },
} as const;

export const pasv = defineProbe({
  id: "pasv",
  section: "Data connections",
  title: "passive data connections by PASV",
  needs: ["login"],
  troubles: TROUBLES,
  // PASV can carry IPv4 addresses only (RFC 2428 1).
  applies: ({ facts }) => facts.address?.family !== 6,
  async run(visit, tell) {
    const tries = await tryPassive(visit, await visit.session(), "PASV");
    if ("kind" in tries) {
      const values = { address: visit.address };
      if (tries.kind === "way-refused") {
        const evidence = replyText(tries.reply);
        if (isLastWord(tries.reply)) visit.dropSession();
        return [refused(visit.facts.epsv, hasNoPort(tries.reply), evidence, tell)];
      }
      if (tries.kind === "no-port") {
        return [tell.found("pasv-unreadable", { evidence: replyText(tries.reply), values })];
      }
      return [tell.unknown("Whether PASV works", outcomeText(tries))];
    }
    return [...aboutAddress(visit, tries, tell), aboutPorts(visit, tries, tell)];
  },
});

function refused(
  epsv: Visit["facts"]["epsv"],
  noPort: boolean,
  evidence: string,
  tell: Findings<typeof TROUBLES>,
): Finding {
  if (!noPort) return tell.found(epsv === "refused" ? "passive-refused" : "pasv-refused", { evidence });
  if (epsv === "no-port") return tell.unknown("Whether PASV works", `it has no port either: ${evidence}`);
  return tell.found("pasv-no-port", { evidence });
}

function aboutAddress(
  visit: Visit,
  { address: told = "", reply }: PassiveTries,
  tell: Findings<typeof TROUBLES>,
): Finding[] {
  // Behind a proxy nobody here knows the server's address.
  if (addressFamily(visit.address) === undefined) return [];
  const judgement = judgeToldAddress(told, visit.address);
  if (judgement === "same") return [];
  const values = { told, address: visit.address };
  return [tell.found(`pasv-address-${judgement}`, { evidence: replyText(reply), values })];
}

function aboutPorts(
  visit: Visit,
  { failed, ports, reply }: PassiveTries,
  tell: Findings<typeof TROUBLES>,
): Finding {
  const range = rangeText(ports);
  if (failed === undefined) {
    visit.facts.passive = [...(visit.facts.passive ?? []), "PASV"];
    return tell.ok(`PASV's ports can be reached; they were ${range}`, replyText(reply));
  }
  const id = failed.why === "hangs" ? "pasv-port-hangs" : "pasv-port-closed";
  return tell.found(id, { evidence: replyText(reply), values: { port: failed.port, ports: range } });
}

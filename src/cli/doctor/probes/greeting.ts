import { otherService } from "../../../client/session/unreadable.js";
import { Breakdown, replyText } from "../conversation.js";
import type { Finding } from "../finding.js";
import { defineProbe, type Findings } from "../probe.js";
import { speaksHttp } from "../services.js";
import type { Visit } from "../visit.js";

const TROUBLES = {
  "greeting-refused": {
    kind: "problem",
    text: "The server turns us away before the login",
    cause:
      "It has too many sessions, all in all or from this address, it has banned this address, its configuration is wrong, or it is going down.",
    change: [
      {
        side: "server",
        what: "Look into its log for this address; allow more sessions, or end the ban, or mend what its answer complains of.",
        settings: {
          vsftpd: "max_clients, max_per_ip, tcp_wrappers",
          ProFTPD: "MaxInstances, MaxClientsPerHost, mod_ban",
          "Pure-FTPd": "MaxClientsNumber, MaxClientsPerIP",
          Ferry: "--max-sessions, --max-sessions-per-address",
        },
      },
      {
        side: "client",
        what: "End other sessions and programs that are connected to it, and wait some minutes.",
      },
    ],
    weight: 95,
  },
  "greeting-slow": {
    kind: "note",
    text: "The server takes {seconds} s to greet",
    cause:
      "It looks up our name in DNS (reverse DNS) or asks us who we are (ident, port 113), and waits in vain.",
    change: [
      {
        side: "server",
        what: "Turn these look-ups off.",
        settings: {
          vsftpd: "reverse_lookup_enable=NO",
          ProFTPD: "UseReverseDNS off, IdentLookups off",
          "Pure-FTPd": "DontResolve yes",
        },
      },
      { side: "network", what: "Let ident (TCP port 113) be refused, not dropped." },
    ],
    weight: 30,
  },
  "greeting-missing": {
    kind: "problem",
    text: "The server accepts the connection and says nothing",
    cause: "It is overloaded, another program listens there, or a firewall answers in its place.",
    change: [
      { side: "client", what: "Check the port in the URL." },
      {
        side: "server",
        what: "Check that it is the FTP server that listens there, and that it is not stuck.",
      },
      { side: "network", what: "Check firewalls that accept connections themselves and pass nothing on." },
    ],
    weight: 95,
  },
  "greeting-closed": {
    kind: "problem",
    text: "The server closes the connection without a word",
    cause: "A rule refuses this address (hosts.deny, a ban), or the server cannot start a session.",
    change: [{ side: "server", what: "Look into its log, hosts.deny, and fail2ban for this address." }],
    weight: 95,
  },
  "greeting-not-ftp": {
    kind: "problem",
    text: "What answers there is no FTP server, but {service}",
    cause: "Another service listens on this port.",
    change: [
      { side: "client", what: "Check the port in the URL; for SFTP, which is SSH, use an SFTP client." },
    ],
    weight: 95,
  },
  "tls-begins-at-once": {
    kind: "problem",
    text: "The server expects TLS from the first byte",
    cause: "The port is one for implicit TLS, such as 990, and the URL asks for plain FTP or AUTH TLS.",
    change: [{ side: "client", what: "Use an ftps:// URL for this port." }],
    weight: 95,
  },
  "tls-not-at-once": {
    kind: "problem",
    text: "The server does not begin with TLS on this port",
    cause:
      "The URL says ftps://, implicit TLS from the first byte, and the server begins with a greeting in clear.",
    change: [
      {
        side: "client",
        what: "Use ftpes:// (AUTH TLS) for this port, or ftps:// with the port of implicit TLS (990).",
      },
    ],
    weight: 95,
  },
} as const;

export const greeting = defineProbe({
  id: "greeting",
  section: "Connection",
  title: "the server's greeting",
  needs: ["address"],
  troubles: TROUBLES,
  async run(visit, tell) {
    const begin = performance.now();
    try {
      const conversation = await visit.connected();
      if (visit.subject.tls === "implicit") await conversation.secure(visit.tlsOptions());
      const reply = await conversation.completion();
      const took = performance.now() - begin;
      await conversation.close();
      const evidence = replyText(reply);
      const service = otherService(`${reply.code} ${reply.lines[0]}`);
      if (service !== undefined) return [tell.found("greeting-not-ftp", { evidence, values: { service } })];
      if (reply.code >= 300) return [tell.found("greeting-refused", { evidence })];
      visit.facts.greeting = reply;
      visit.learnSoftware(reply.lines);
      return took < visit.world.slowGreeting
        ? [tell.ok("It greets", evidence)]
        : [tell.found("greeting-slow", { evidence, values: { seconds: (took / 1000).toFixed(1) } })];
    } catch (error) {
      if (!(error instanceof Breakdown)) throw error;
      return [await withoutGreeting(visit, tell, error)];
    }
  },
});

async function withoutGreeting(
  visit: Visit,
  tell: Findings<typeof TROUBLES>,
  error: Breakdown,
): Promise<Finding> {
  const evidence = error.heard.trimEnd();
  switch (error.reason) {
    case "silent":
      if (await beginsWithTls(visit)) return tell.found("tls-begins-at-once");
      return visit.subject.tls !== "implicit" && (await speaksHttp(visit))
        ? tell.found("greeting-not-ftp", { values: { service: "a web server (HTTP)" } })
        : tell.found("greeting-missing");
    case "closed":
      return tell.found((await beginsWithTls(visit)) ? "tls-begins-at-once" : "greeting-closed");
    case "not-ftp":
      return tell.found("greeting-not-ftp", {
        evidence,
        values: { service: otherService(evidence) ?? "something else" },
      });
    case "handshake":
      return (await greetsInClear(visit))
        ? tell.found("tls-not-at-once", { evidence: error.message })
        : tell.found("greeting-missing", { evidence: error.message });
    default:
      throw error;
  }
}

/** Whether a ClientHello is understood where a greeting did not come. */
async function beginsWithTls(visit: Visit): Promise<boolean> {
  if (visit.subject.tls === "implicit") return false;
  try {
    const conversation = await visit.connected();
    await conversation.secure(visit.tlsOptions());
    await conversation.close();
    return true;
  } catch (error) {
    if (!(error instanceof Breakdown) || error.reason === "stopped") throw error;
    return false;
  }
}

async function greetsInClear(visit: Visit): Promise<boolean> {
  try {
    const conversation = await visit.connected();
    await conversation.completion();
    await conversation.close();
    return true;
  } catch (error) {
    if (!(error instanceof Breakdown) || error.reason === "stopped") throw error;
    return false;
  }
}

import { Breakdown, type Conversation } from "../conversation.js";
import { outcomeText, runTransfer } from "../data.js";
import { defineProbe } from "../probe.js";
import { reasonOf, type Visit } from "../visit.js";

export const tlsReuse = defineProbe({
  id: "tls-reuse",
  section: "Data connections",
  title: "whether data connections resume the TLS session",
  needs: ["way"],
  troubles: {
    "tls-reuse-required": {
      kind: "note",
      text: "The server demands that data connections resume the TLS session",
      cause:
        "It wants proof that both connections are ours. Clients that cannot resume fail with 522 or 425, after a login that worked.",
      change: [
        {
          side: "client",
          what: "Use a client that resumes TLS sessions, as Ferry, curl, lftp and FileZilla do.",
        },
        {
          side: "server",
          what: "For clients that cannot: do not demand it.",
          settings: {
            vsftpd: "require_ssl_reuse=NO",
            ProFTPD: "TLSOptions NoSessionReuseRequired",
            Ferry: "--tls-data prefer",
          },
        },
      ],
      weight: 32,
    },
    "tls-not-resumed": {
      kind: "note",
      text: "The server does not resume the TLS session on data connections",
      cause:
        "Each transfer costs a whole handshake, and nothing proves that both connections lead to the same server.",
      change: [{ side: "server", what: "Turn TLS session tickets or its session cache on." }],
      weight: 18,
    },
    "tls-reuse-breaks": {
      kind: "problem",
      text: "Data connections fail when they resume the TLS session, as clients do, and work when they do not",
      cause:
        "The server's TLS sessions are broken: several processes with different keys, or a library that forgets them.",
      change: [
        {
          side: "server",
          what: "Update the server and its TLS library; share session keys among its processes, or turn tickets off.",
        },
      ],
      weight: 81,
    },
  },
  applies: ({ facts }) => facts.protection === "private",
  async run(visit, tell) {
    if (visit.facts.resume === false) return [tell.found("tls-reuse-breaks")];
    const resumed = await listing(visit, await visit.session(), true);
    // A client that never resumes: servers may hold those that have resumed once to it.
    const stranger = await visit.anotherSession();
    const anew = await listing(visit, stranger, false);
    await stranger.close();
    if (anew !== "whole") {
      if (resumed === "resumed") return [tell.found("tls-reuse-required", { evidence: anew })];
      return [tell.unknown("Whether the TLS session is resumed", anew)];
    }
    if (resumed === "resumed")
      return [tell.ok("Data connections resume the TLS session; it is not demanded")];
    return [tell.found("tls-not-resumed")];
  },
});

/** "resumed", "whole" for a handshake from the start, or why there was none. */
async function listing(visit: Visit, session: Conversation, resume: boolean): Promise<string> {
  const { way = "EPSV" } = visit.facts;
  try {
    const outcome = await runTransfer(visit, session, { verb: "LIST", way, resume });
    if (outcome.kind !== "done") return outcomeText(outcome);
    return outcome.tls?.resumed === true ? "resumed" : "whole";
  } catch (error) {
    // There are servers that end the session over it.
    if (!(error instanceof Breakdown) || error.reason !== "closed") throw error;
    return reasonOf(error);
  }
}

import type { TlsVersion } from "../../../client/tls-options.js";
import { Breakdown } from "../conversation.js";
import { defineProbe } from "../probe.js";
import type { Visit } from "../visit.js";

export const tlsVersions = defineProbe({
  id: "tls-versions",
  section: "TLS",
  title: "which versions of TLS the server takes",
  needs: ["greeting"],
  troubles: {
    "tls-only-old": {
      kind: "problem",
      text: "The server has only old versions of TLS: {versions}",
      cause: "Clients of today refuse TLS 1.0 and 1.1 (RFC 8996).",
      change: [{ side: "server", what: "Update the server and its TLS library, and allow TLS 1.2 and 1.3." }],
      weight: 88,
    },
    "tls-old-allowed": {
      kind: "note",
      text: "The server still takes old versions of TLS: {versions}",
      cause: "TLS 1.0 and 1.1 can be broken (RFC 8996).",
      change: [
        {
          side: "server",
          what: "Allow TLS 1.2 and 1.3 only.",
          settings: {
            vsftpd: "ssl_tlsv1=NO",
            ProFTPD: "TLSProtocol TLSv1.2 TLSv1.3",
            "Pure-FTPd": "TLSCipherSuite -S:HIGH",
          },
        },
      ],
      weight: 20,
    },
  },
  applies: ({ subject, facts }) => subject.tls !== "off" && facts.security !== "clear",
  async run(visit, tell) {
    const old: TlsVersion[] = [];
    for (const version of ["TLSv1.1", "TLSv1"] as const) {
      const answer = await takes(visit, version);
      if (answer === "no-auth") return [];
      if (answer) old.push(version);
    }
    const versions = old.join(", ");
    if (old.length === 0)
      return visit.facts.tlsPeer === undefined ? [] : [tell.ok("No old version of TLS is taken")];
    return [
      tell.found(visit.facts.tlsPeer === undefined ? "tls-only-old" : "tls-old-allowed", {
        values: { versions },
      }),
    ];
  },
});

async function takes(visit: Visit, version: TlsVersion): Promise<boolean | "no-auth"> {
  const conversation = await visit.connected();
  try {
    if (visit.subject.tls !== "implicit") {
      await conversation.completion();
      if ((await conversation.ask("AUTH", "TLS")).code !== 234) return "no-auth";
    }
    await conversation.secure(visit.tlsOptions({ minVersion: version, maxVersion: version }));
    return true;
  } catch (error) {
    if (error instanceof Breakdown && (error.reason === "handshake" || error.reason === "closed"))
      return false;
    if (error instanceof Breakdown && error.reason === "injected") return "no-auth";
    throw error;
  } finally {
    await conversation.close();
  }
}

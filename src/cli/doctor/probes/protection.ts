import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";

export const protection = defineProbe({
  id: "protection",
  section: "Data connections",
  title: "whether data connections can be protected",
  needs: ["login"],
  troubles: {
    "data-in-clear": {
      kind: "problem",
      text: "The server does not protect data connections: files and listings go in clear",
      cause: "PBSZ or PROT P (RFC 4217 9) is refused, though the control connection is protected.",
      change: [
        {
          side: "server",
          what: "Allow TLS on data connections.",
          settings: { vsftpd: "force_local_data_ssl=YES", ProFTPD: "TLSRequired on", "Pure-FTPd": "TLS 3" },
        },
      ],
      weight: 60,
    },
  },
  applies: ({ facts }) => facts.security === "tls",
  async run(visit, tell) {
    const session = await visit.session();
    await session.ask("PBSZ", "0");
    const reply = await session.ask("PROT", "P");
    visit.facts.protection = reply.code < 300 ? "private" : "clear";
    if (reply.code < 300) return [tell.ok("Data connections are protected (PROT P)")];
    return [tell.found("data-in-clear", { evidence: replyText(reply) })];
  },
});

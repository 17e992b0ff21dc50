import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";

export const idle = defineProbe({
  id: "idle",
  section: "Transfers",
  title: "keeping a session alive (NOOP), and how long it may rest",
  needs: ["login"],
  troubles: {
    "noop-refused": {
      kind: "note",
      text: "The server refuses NOOP",
      cause: "Clients keep resting sessions alive by it; here they are lost.",
      change: [{ side: "client", what: "Do without keep-alive, and connect again when a session was lost." }],
      weight: 10,
    },
  },
  async run(visit, tell) {
    const session = await visit.session();
    const reply = await session.ask("NOOP");
    if (reply.code >= 300) return [tell.found("noop-refused", { evidence: replyText(reply) })];
    const status = await session.ask("STAT");
    const line = status.lines.find((text) => /time-?\s?out/i.test(text) && /\d/.test(text));
    return [
      line === undefined
        ? tell.ok("NOOP works")
        : tell.ok("NOOP works, and STAT tells a time limit", line.trim()),
    ];
  },
});

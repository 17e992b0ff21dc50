import { shownReply } from "../../../client/shown-reply.js";
import { parseFeatures } from "../../../protocol/features.js";
import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";

export const server = defineProbe({
  id: "server",
  section: "Login",
  title: "what the server says it is and can do",
  needs: ["login"],
  troubles: {
    "feat-missing": {
      kind: "note",
      text: "The server does not say what it can do (FEAT)",
      cause:
        "It is older than RFC 2389. Clients have to guess: its charset, its listings, how to continue a file.",
      change: [{ side: "server", what: "Update the server." }],
      weight: 25,
    },
  },
  async run(visit, tell) {
    const { facts } = visit;
    const session = await visit.session();
    const system = await session.ask("SYST");
    const features = await session.ask("FEAT");
    facts.features = parseFeatures(features);
    visit.learnSoftware([...system.lines, ...features.lines]);
    const { software } = facts;
    const says = system.code === 215 ? `"${shownReply(system).lines[0]}"` : "nothing of its system";
    const who = tell.ok(
      software === undefined ? `The server says ${says}` : `It is ${software}, and says ${says}`,
    );
    if (features.code !== 211) return [who, tell.found("feat-missing", { evidence: replyText(features) })];
    return [who, tell.ok(`It lists ${facts.features.size} features`, [...facts.features.keys()].join(" "))];
  },
});

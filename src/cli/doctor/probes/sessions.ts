import { Breakdown, type Conversation } from "../conversation.js";
import { defineProbe } from "../probe.js";
import { LoginRefused, reasonOf } from "../visit.js";
import { SESSION_LIMITS } from "./session-limits.js";

export const sessions = defineProbe({
  id: "sessions",
  section: "Transfers",
  title: "several sessions at once",
  needs: ["login"],
  troubles: {
    "sessions-limited": {
      kind: "note",
      text: "The server takes {taken} sessions of ours at once, not {asked}",
      cause:
        "It limits sessions of one account or address. Programs that use more at once fail with 421 or 530.",
      change: [
        { side: "client", what: "Use at most {taken} at once: -P {taken}." },
        {
          side: "server",
          what: "Allow more sessions.",
          settings: SESSION_LIMITS,
        },
      ],
      weight: 27,
    },
  },
  applies: ({ subject }) => subject.sessions > 1,
  async run(visit, tell) {
    const asked = visit.subject.sessions;
    await visit.session();
    const others: Conversation[] = [];
    try {
      while (others.length + 1 < asked) others.push(await visit.anotherSession());
      return [tell.ok(`${asked} sessions at once work`)];
    } catch (error) {
      if (!(error instanceof LoginRefused) && !(error instanceof Breakdown && error.reason === "closed"))
        throw error;
      const values = { taken: others.length + 1, asked };
      return [tell.found("sessions-limited", { values, evidence: reasonOf(error) })];
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  },
});

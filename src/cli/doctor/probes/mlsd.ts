import { type FactLine, parseFactLine } from "../../../protocol/facts.js";
import { linesOf, outcomeText, runTransfer } from "../data.js";
import { defineProbe } from "../probe.js";

export const mlsd = defineProbe({
  id: "mlsd",
  section: "Names and listings",
  title: "listings by MLSD",
  needs: ["way", "listing"],
  troubles: {
    "mlsd-missing": {
      kind: "note",
      text: "The server has no MLSD",
      cause:
        "It is older than RFC 3659. Clients have to guess at LIST, whose times have no zone and often no year.",
      change: [{ side: "server", what: "Update the server, or use one that has MLSD." }],
      weight: 16,
    },
    "mlsd-broken": {
      kind: "problem",
      text: "The server says that it has MLSD, and it does not work",
      cause:
        "The server is broken, or a firewall between refuses what it does not know. Clients that trust FEAT see no files.",
      change: [
        { side: "server", what: "Update the server, or have MLST taken out of FEAT." },
        { side: "network", what: "Turn FTP inspection off in firewalls between." },
      ],
      weight: 68,
    },
  },
  async run(visit, tell) {
    const { features = new Map(), way = "EPSV", listed = [] } = visit.facts;
    if (!features.has("MLST") && !features.has("MLSD")) return [tell.found("mlsd-missing")];
    const outcome = await runTransfer(visit, await visit.session(), { verb: "MLSD", way });
    if (outcome.kind !== "done") return [tell.found("mlsd-broken", { evidence: outcomeText(outcome) })];
    const lines = linesOf(outcome);
    const facted = lines.map(parseFactLine).filter((line): line is FactLine => (line?.facts.size ?? 0) > 0);
    const first = lines.find((line) => (parseFactLine(line)?.facts.size ?? 0) === 0);
    if (first !== undefined) return [tell.found("mlsd-broken", { evidence: first })];
    const isSilent = facted.length === 0 && listed.some(({ name }) => name !== "." && name !== "..");
    if (isSilent)
      return [tell.found("mlsd-broken", { evidence: "MLSD lists nothing where LIST lists something" })];
    visit.facts.facted = facted;
    return [tell.ok("MLSD works: names, sizes and times are unmistakable")];
  },
});

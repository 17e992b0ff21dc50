import { ListingReader } from "../../../protocol/listing/dialects.js";
import type { ListedLine } from "../../../protocol/listing/line.js";
import { defineProbe } from "../probe.js";

export const list = defineProbe({
  id: "list",
  section: "Names and listings",
  title: "whether LIST can be read",
  needs: ["listing"],
  troubles: {
    "list-unreadable": {
      kind: "problem",
      text: "The server's LIST has a form that no client knows",
      cause: "RFC 959 gives LIST no form; this one is of none of the ten dialects that Ferry reads.",
      change: [
        {
          side: "server",
          what: "Choose another form of listings, such as that of Unix, or a server with MLSD.",
        },
      ],
      weight: 58,
    },
  },
  run({ facts, world }, tell) {
    const reader = new ListingReader({ now: world.now() });
    const lines = facts.listing ?? [];
    const listed = lines
      .map((line) => reader.read(line))
      .filter((line): line is ListedLine => line !== undefined);
    facts.listed = listed;
    const seen = listed.filter(({ name }) => name !== "." && name !== "..");
    if (seen.length > 0) {
      const count = seen.length === 1 ? "one entry" : `${seen.length} entries`;
      return [tell.ok(`LIST is in the dialect of ${reader.dialect}: ${count}`)];
    }
    // "total 0" and the like are no entries.
    const first = lines.find((line) => !/^total\b/i.test(line));
    if (first === undefined || listed.length > 0) return [tell.ok("LIST works; the folder is empty")];
    return [tell.found("list-unreadable", { evidence: first })];
  },
});

import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";
import { fileToTry } from "../sample-file.js";

export const size = defineProbe({
  id: "size",
  section: "Transfers",
  title: "sizes of files (SIZE)",
  needs: ["login"],
  troubles: {
    "size-missing": {
      kind: "note",
      text: "The server does not tell the size of a file (SIZE)",
      cause:
        "It is older than RFC 3659. Clients show no progress in per cent, and cannot continue uploads safely.",
      change: [{ side: "server", what: "Update the server." }],
      weight: 22,
    },
    "size-differs": {
      kind: "note",
      text: "SIZE and the listing differ about the same file",
      cause: "The file is being written now, or one of them counts something else, such as line ends.",
      change: [
        { side: "server", what: "Look whether the file is written at this moment; else update the server." },
      ],
      weight: 24,
    },
  },
  async run(visit, tell) {
    const file = fileToTry(visit);
    if (file === undefined)
      return [tell.unknown("Whether SIZE works", "no file was found to try it with; name one with --file")];
    visit.facts.file = file;
    const session = await visit.session();
    await session.ask("TYPE", "I");
    const reply = await session.ask("SIZE", file.name);
    const told = Number(/^(\d{1,15})\s*$/.exec(reply.lines[0])?.[1] ?? Number.NaN);
    if (reply.code >= 500 && reply.code <= 504)
      return [tell.found("size-missing", { evidence: replyText(reply) })];
    if (reply.code !== 213 || Number.isNaN(told)) {
      return [tell.unknown("Whether SIZE works", `SIZE of ${file.name} was answered ${replyText(reply)}`)];
    }
    visit.facts.file = { name: file.name, size: told };
    if (file.size === undefined || file.size === told) return [tell.ok("SIZE works")];
    const evidence = `${file.name}: ${told} by SIZE, ${file.size} in the listing`;
    return [tell.found("size-differs", { evidence })];
  },
});

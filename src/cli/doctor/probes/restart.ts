import { type Conversation, replyText } from "../conversation.js";
import { type DataOutcome, outcomeText, runTransfer } from "../data.js";
import { defineProbe } from "../probe.js";
import type { Visit } from "../visit.js";

const HEAD = 64 * 1024;
const PART = 1024;

export const restart = defineProbe({
  id: "restart",
  section: "Transfers",
  title: "downloads, and continuing them (REST)",
  needs: ["way", "file"],
  troubles: {
    "download-refused": {
      kind: "problem",
      text: "The file cannot be downloaded: {name}",
      cause: "It is not there, the account may not read it, or the server fails while it sends it.",
      change: [
        { side: "client", what: "Check the path, in --file or in the URL." },
        { side: "server", what: "Check the account's permissions for the file, and the server's log." },
      ],
      weight: 64,
    },
    "rest-missing": {
      kind: "note",
      text: "Broken downloads cannot be continued (REST)",
      cause:
        "The server has no REST STREAM (RFC 3659 5), or it is turned off: every try begins from the start.",
      change: [
        {
          side: "server",
          what: "Update the server, or turn REST on.",
          settings: { ProFTPD: "AllowRetrieveRestart on" },
        },
      ],
      weight: 34,
    },
    "rest-wrong": {
      kind: "problem",
      text: "The server agrees to continue a file, and then sends other bytes",
      cause:
        "It takes REST and does not heed it. Files that were continued are broken, without anybody being told.",
      change: [
        { side: "server", what: "Update the server, or have it refuse REST." },
        { side: "client", what: "Do not continue downloads from this server: begin again." },
      ],
      weight: 86,
    },
  },
  async run(visit, tell) {
    const { way = "EPSV", file } = visit.facts;
    if (file === undefined) return [];
    const { name } = file;
    const session = await visit.session();
    await session.ask("TYPE", "I");
    const head = await runTransfer(visit, session, { verb: "RETR", argument: name, way, most: HEAD });
    if (head.kind !== "done") {
      return [tell.found("download-refused", { values: { name }, evidence: outcomeText(head) })];
    }
    // Of a file that we broke off the server says that it failed.
    const ok = head.cut
      ? tell.ok(`A download works: ${name}, as far as ${HEAD / 1024} KiB of it`)
      : tell.ok(`A download works: ${name}`, replyText(head.reply));
    if (head.bytes.length < 2)
      return [ok, tell.unknown("Whether REST works", "the file is too small to tell")];
    const start = Math.floor(head.bytes.length / 2);
    const rest = await partFrom(visit, await visit.session(), name, start);
    if (rest.kind !== "done") {
      const isRefused = rest.kind === "refused";
      const evidence = outcomeText(rest);
      return [
        ok,
        isRefused ? tell.found("rest-missing", { evidence }) : tell.unknown("Whether REST works", evidence),
      ];
    }
    const expected = head.bytes.subarray(start, start + PART);
    if (rest.bytes.subarray(0, expected.length).equals(expected)) {
      return [ok, tell.ok("Downloads can be continued (REST)")];
    }
    const isStart = rest.bytes.equals(head.bytes.subarray(0, rest.bytes.length));
    const evidence = isStart
      ? `REST ${start} was agreed to, and the start came`
      : `other bytes came from ${start} on`;
    return [ok, tell.found("rest-wrong", { evidence })];
  },
});

async function partFrom(
  visit: Visit,
  session: Conversation,
  name: string,
  start: number,
): Promise<DataOutcome> {
  const { way = "EPSV" } = visit.facts;
  await session.ask("TYPE", "I");
  return await runTransfer(visit, session, { verb: "RETR", argument: name, way, restart: start, most: PART });
}

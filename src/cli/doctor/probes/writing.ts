import { randomBytes } from "node:crypto";
import { decodeText } from "../../../protocol/text.js";
import { parseTimestamp } from "../../../protocol/timestamp.js";
import { isZone, offsetText, roundedOffset } from "../clock-offset.js";
import { type Conversation, replyText } from "../conversation.js";
import { outcomeText, runTransfer } from "../data.js";
import type { Finding } from "../finding.js";
import { defineProbe, type Findings } from "../probe.js";
import { reasonOf, type Visit } from "../visit.js";

const CONTENT = Buffer.from("Written by `ferry doctor --write`; it may be removed.\r\n");
/** Servers and file systems round, and the upload takes a moment. */
const TOLERANCE = 2 * 60_000;
/** Milliseconds to clean up in after Ctrl-C. */
const GOODBYE = 2000;
const OLD_TIME = "20200229123456";

const TROUBLES = {
  "write-refused": {
    kind: "problem",
    text: "A file cannot be uploaded",
    cause:
      "The account may not write into this folder, the disk or the quota is full, or the server refuses such names.",
    change: [
      {
        side: "server",
        what: "Check the account's permissions, the folder's owner and mode, and the space.",
        settings: {
          vsftpd: "write_enable=YES",
          "Pure-FTPd": "AnonymousCantUpload no",
          Ferry: "--permissions",
        },
      },
    ],
    weight: 71,
  },
  "write-name": {
    kind: "note",
    text: "Names with letters outside ASCII are refused",
    cause: "The server allows certain characters in names only, or its file system has another charset.",
    change: [
      {
        side: "server",
        what: "Allow names in UTF-8.",
        settings: { ProFTPD: "PathAllowFilter, UseEncoding" },
      },
    ],
    weight: 36,
  },
  "write-size": {
    kind: "problem",
    text: "An uploaded file has another size than what was sent",
    cause: "The server changes files on their way in (TYPE A for all), or it confirms before all is written.",
    change: [{ side: "server", what: "Have binary transfers left as they are; look into its log." }],
    weight: 87,
  },
  "name-changed": {
    kind: "problem",
    text: "A name comes back from the server with other bytes than it was given",
    cause:
      "The server converts names from one charset to another, or its file system does (macOS takes accents apart).",
    change: [
      { side: "server", what: "Have it leave names as they are.", settings: { ProFTPD: "UseEncoding off" } },
      {
        side: "client",
        what: "Keep to ASCII in names for this server: a mirror would send such files again each time.",
      },
    ],
    weight: 59,
  },
  "clock-wrong": {
    kind: "note",
    text: "The server's clock is {offset} from ours",
    cause:
      "One of the two clocks is wrong. Mirrors by time send files that have not changed, or miss those that have.",
    change: [
      { side: "server", what: "Set its clock by NTP." },
      { side: "client", what: "Check this machine's clock too." },
    ],
    weight: 42,
  },
  "mdtm-local-time": {
    kind: "problem",
    text: "MDTM is {offset} from UTC",
    cause:
      "It tells local time, where RFC 3659 2.3 has UTC; or the clock, or its zone, is wrong by that much. Mirrors by time are too.",
    change: [
      {
        side: "server",
        what: "Have it tell UTC.",
        settings: { vsftpd: "use_localtime=NO", ProFTPD: "TimesGMT on" },
      },
      { side: "server", what: "Check its clock (NTP) and its time zone." },
      { side: "client", what: "Mirror with --compare size or hash." },
    ],
    weight: 61,
  },
  "mfmt-missing": {
    kind: "note",
    text: "Times of uploaded files cannot be set (MFMT)",
    cause:
      "The server does not know the command, or the account may not. Mirrors compare by the time of the upload.",
    change: [
      { side: "server", what: "Update the server, or allow MFMT." },
      { side: "client", what: "Mirror with --compare size or hash." },
    ],
    weight: 26,
  },
  "file-left": {
    kind: "problem",
    text: "The doctor's own file could not be removed: {name}",
    cause: "The account may write, but not delete.",
    change: [{ side: "server", what: "Remove the file {name}, and check the account's permissions." }],
    weight: 63,
  },
} as const;

export const writing = defineProbe({
  id: "writing",
  section: "Transfers",
  title: "an upload, its name, its time, and its removal",
  needs: ["way"],
  troubles: TROUBLES,
  applies: ({ subject }) => subject.write,
  async run(visit, tell) {
    const mark = `ferry-doctor-${randomBytes(4).toString("hex")}`;
    const made: Made = new Map();
    const found: Finding[] = [];
    let failure: unknown;
    try {
      found.push(...(await uploadAndInspect(visit, tell, mark, made)));
    } catch (error) {
      failure = error;
    }
    const left = await remove(visit, made);
    if (left !== undefined) return [...found, tell.found("file-left", { values: left, evidence: left.why })];
    if (failure !== undefined) throw failure;
    return found;
  },
});

/** Files by their names, and whether they are there: of an upload that broke nobody knows. */
type Made = Map<string, "perhaps" | "surely">;
type Tell = Findings<typeof TROUBLES>;

async function uploadAndInspect(visit: Visit, tell: Tell, mark: string, made: Made): Promise<Finding[]> {
  const name = `${mark}-äöü.txt`;
  const refusal = await upload(visit, name, made);
  if (refusal === undefined) return await inspect(visit, tell, name, mark);
  const plain = `${mark}.txt`;
  const second = await upload(visit, plain, made);
  if (second !== undefined) return [tell.found("write-refused", { evidence: second })];
  const found = tell.found("write-name", { evidence: refusal });
  return [found, ...(await inspect(visit, tell, plain, mark))];
}

/** What was answered, when it did not work. */
async function upload(visit: Visit, name: string, made: Made): Promise<string | undefined> {
  const { way = "EPSV" } = visit.facts;
  const session = await visit.session();
  await session.ask("TYPE", "I");
  made.set(name, "perhaps");
  const outcome = await runTransfer(visit, session, { verb: "STOR", argument: name, way, upload: CONTENT });
  if (outcome.kind === "refused") made.delete(name);
  if (outcome.kind === "done") {
    made.set(name, "surely");
    return undefined;
  }
  return outcomeText(outcome);
}

/** Also after Ctrl-C. The first that could not be removed, and why. */
async function remove(
  visit: Visit,
  made: Made,
): Promise<{ readonly name: string; readonly why: string } | undefined> {
  if (visit.signal.aborted) {
    visit.dropSession();
    visit.begin(AbortSignal.timeout(GOODBYE));
  }
  for (const [name, there] of made) {
    try {
      const reply = await (await visit.session()).ask("DELE", name);
      const gone = reply.code < 300 || (reply.code === 550 && there === "perhaps");
      if (!gone) return { name, why: replyText(reply) };
    } catch (error) {
      return { name, why: reasonOf(error) };
    }
  }
  return undefined;
}

async function inspect(visit: Visit, tell: Tell, name: string, mark: string): Promise<Finding[]> {
  const session = await visit.session();
  const found: Finding[] = [];
  const size = await session.ask("SIZE", name);
  if (size.code === 213 && Number(size.lines[0]) !== CONTENT.length) {
    const evidence = `${CONTENT.length} bytes were sent, SIZE says ${size.lines[0]}`;
    found.push(tell.found("write-size", { evidence }));
  } else found.push(tell.ok("An upload works"));
  found.push(...(await aboutName(visit, session, tell, name, mark)));
  found.push(...(await aboutTime(visit, session, tell, name)));
  return found;
}

async function aboutName(
  visit: Visit,
  session: Conversation,
  tell: Tell,
  name: string,
  mark: string,
): Promise<Finding[]> {
  const { way = "EPSV" } = visit.facts;
  const outcome = await runTransfer(visit, session, { verb: "NLST", way });
  if (outcome.kind !== "done") return [tell.unknown("Whether names stay as they are", outcomeText(outcome))];
  const names = decodeText(outcome.bytes)
    .split(/\r?\n/)
    .map((path) => path.replace(/^.*\//, ""));
  const came = names.find((each) => each.startsWith(mark));
  if (came === undefined)
    return [tell.unknown("Whether names stay as they are", "the file is not in the listing")];
  if (came === name) return [tell.ok("Names stay as they are")];
  return [tell.found("name-changed", { evidence: `${bytesText(name)} became ${bytesText(came)}` })];
}

/** Two spellings of one name look the same: their bytes do not. */
function bytesText(name: string): string {
  const tail = name.replace(/^ferry-doctor-\w+-?/, "");
  return `"${tail}" (${Buffer.from(tail).toString("hex")})`;
}

async function aboutTime(visit: Visit, session: Conversation, tell: Tell, name: string): Promise<Finding[]> {
  const reply = await session.ask("MDTM", name);
  const time = reply.code === 213 ? parseTimestamp(reply.lines[0].trim()) : undefined;
  if (time === undefined)
    return [tell.unknown("How far the clocks are apart", `MDTM was answered ${replyText(reply)}`)];
  const offset = time - visit.world.now();
  const values = { offset: offsetText(isZone(offset) ? roundedOffset(offset) : offset) };
  const evidence = `MDTM of a new file: ${reply.lines[0]}`;
  const clock = isZone(offset)
    ? tell.found("mdtm-local-time", { values, evidence })
    : Math.abs(offset) > TOLERANCE
      ? tell.found("clock-wrong", { values, evidence })
      : tell.ok("The server's clock is right", evidence);
  const setting = await session.ask("MFMT", `${OLD_TIME} ${name}`);
  const again = await session.ask("MDTM", name);
  const isSet = setting.code < 300 && again.lines[0].startsWith(OLD_TIME);
  return [
    clock,
    isSet
      ? tell.ok("Times of files can be set (MFMT)")
      : tell.found("mfmt-missing", { evidence: replyText(setting) }),
  ];
}

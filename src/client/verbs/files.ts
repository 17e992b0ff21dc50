/** What a server tells of one file or directory, and what can be done to it without a transfer. */
import type { AbortLike } from "../../connection/stop.js";
import { readFacts } from "../../protocol/entry-facts.js";
import { parseFactLine } from "../../protocol/facts.js";
import { unquotePathname } from "../../protocol/pathname.js";
import type { Reply } from "../../protocol/reply.js";
import { IMAGE } from "../../protocol/representation.js";
import { parseTimestamp } from "../../protocol/timestamp.js";
import { FtpNotFoundError, FtpReplyError, FtpUnsupportedError } from "../errors.js";
import type { Session } from "../session/session.js";
import type { FtpEntry } from "./listing-transfer.js";
import { remoteName } from "./names.js";

/** @throws FtpNotFoundError */
export async function stat(session: Session, path: string, signal: AbortLike): Promise<FtpEntry> {
  if (session.features.has("MLST")) {
    const reply = await session.ask("MLST", path, signal);
    if (reply.code === 550 || reply.code === 450) throw new FtpNotFoundError({ reply });
    if (reply.code < 300) {
      const found = entryOfReply(session, reply, path);
      if (found !== undefined) return found;
    } else if (reply.code !== 500 && reply.code !== 502) {
      throw new FtpReplyError("MLST", { phase: "command", reply });
    }
  }
  return await statByParts(session, path, signal);
}

function entryOfReply(session: Session, reply: Reply<number>, path: string): FtpEntry | undefined {
  for (const line of reply.lines) {
    const parsed = parseFactLine(line.trimStart());
    if (parsed === undefined || parsed.facts.size === 0) continue;
    const { name: _name, type = "other", role: _role, modified, ...facts } = readFacts(parsed);
    const time = modified === undefined ? {} : ({ modified, precision: "second" } as const);
    return { raw: session.charset.decode(line), name: remoteName(path), type, ...facts, ...time };
  }
  return undefined;
}

/** Without MLST: what has a size is a file, and where one can go is a directory. */
async function statByParts(session: Session, path: string, signal: AbortLike): Promise<FtpEntry> {
  const name = remoteName(path);
  const bytes = await sizeOf(session, path, signal);
  if (bytes.size !== undefined) {
    const time = await session.ask("MDTM", path, signal);
    const modified = time.code === 213 ? timeOfReply(time) : undefined;
    return {
      raw: "",
      name,
      type: "file",
      size: bytes.size,
      ...(modified === undefined ? {} : { modified, precision: "second" }),
    };
  }
  if (await isDirectory(session, path, signal)) return { raw: "", name, type: "directory" };
  throw new FtpNotFoundError({ reply: bytes.reply });
}

export function isDirectory(session: Session, path: string, signal: AbortLike): Promise<boolean> {
  return visit(session, path, signal, async () => {});
}

/** Goes there, does some work, and comes back, also when the work fails; false when one cannot go there. */
export async function visit(
  session: Session,
  path: string,
  signal: AbortLike,
  work: () => Promise<void>,
): Promise<boolean> {
  const here = await workingDirectory(session, signal);
  const reply = await session.ask("CWD", path, signal);
  if (reply.code >= 300) return false;
  session.away = here;
  await work();
  await session.comeBack(session.wait("command", signal));
  return true;
}

/** In bytes of TYPE I, as they are stored. @throws FtpNotFoundError, FtpUnsupportedError, FtpReplyError */
export async function size(session: Session, path: string, signal: AbortLike): Promise<number> {
  const { size, reply } = await sizeOf(session, path, signal);
  if (size !== undefined) return size;
  throw unanswered("SIZE", reply);
}

export async function sizeOf(
  session: Session,
  path: string,
  signal: AbortLike,
): Promise<{ readonly size: number | undefined; readonly reply: Reply<number> }> {
  await session.useParameters({ type: IMAGE, structure: "F", mode: "S" }, signal);
  const reply = await session.ask("SIZE", path, signal);
  const digits = reply.code === 213 ? /\d+/.exec(reply.lines[0])?.[0] : undefined;
  const size = digits === undefined ? undefined : Number(digits);
  return { size: size !== undefined && Number.isSafeInteger(size) ? size : undefined, reply };
}

/** Milliseconds since the epoch. @throws FtpNotFoundError, FtpUnsupportedError, FtpReplyError */
export async function modified(session: Session, path: string, signal: AbortLike): Promise<number> {
  const reply = await session.ask("MDTM", path, signal);
  const time = reply.code === 213 ? timeOfReply(reply) : undefined;
  if (time !== undefined) return time;
  // Of directories some servers tell the time only as a fact.
  if (session.features.has("MLST")) {
    const facts = await stat(session, path, signal);
    if (facts.modified !== undefined) return facts.modified;
  }
  throw unanswered("MDTM", reply);
}

function timeOfReply({ lines }: Reply<number>): number | undefined {
  const digits = /\d{14,15}(?:\.\d{1,9})?/.exec(lines[0])?.[0];
  if (digits === undefined) return undefined;
  // Programs that print 19 before the years since 1900 say 19126 for 2026.
  const y2k = /^191(\d\d)(\d{10}.*)$/.exec(digits);
  return parseTimestamp(y2k !== null && /^\d{15}/.test(digits) ? `20${y2k[1]}${y2k[2]}` : digits);
}

function unanswered(verb: string, reply: Reply<number>): Error {
  if (reply.code === 550 || reply.code === 450) return new FtpNotFoundError({ reply });
  if (reply.code === 500 || reply.code === 502) {
    return new FtpUnsupportedError(`the server has no ${verb}`, { reply });
  }
  return new FtpReplyError(verb, { phase: "command", reply });
}

export async function workingDirectory(session: Session, signal: AbortLike): Promise<string> {
  const reply = await session.pi.expect("PWD", undefined, session.wait("command", signal), 257);
  return session.charset.decode(quotedPath(reply));
}

/** Goes there; a new connection after a loss goes there too. */
export async function changeDirectory(session: Session, path: string, signal: AbortLike): Promise<void> {
  if (path === "..") await session.command("CDUP", undefined, signal);
  else await session.command("CWD", path, signal);
  const reply = await session.pi.expect("PWD", undefined, session.wait("command", signal), 257);
  session.memory.directory = quotedPath(reply);
}

/** @throws FtpReplyError for a 257 that quotes nothing */
function quotedPath(reply: Reply<number>): string {
  const text = reply.lines[0];
  const found = unquotePathname(text)?.path ?? /^\s*(\/\S*)/.exec(text)?.[1];
  if (found === undefined) throw new FtpReplyError("PWD", { phase: "command", reply });
  return found;
}

export async function rename(session: Session, from: string, to: string, signal: AbortLike): Promise<void> {
  const wait = session.wait("command", signal);
  await session.pi.expect("RNFR", session.encoded(from), wait, 350, 200, 250);
  await session.command("RNTO", to, signal);
}

export async function setMode(
  session: Session,
  path: string,
  mode: number,
  signal: AbortLike,
): Promise<void> {
  await session.command("SITE", `CHMOD ${mode.toString(8).padStart(3, "0")} ${path}`, signal);
}

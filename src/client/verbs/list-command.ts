/** LIST, for servers without MLSD: what their programs make of its argument, dot files, and their clocks. */
import type { AbortLike } from "../../connection/stop.js";
import { parseTimestamp } from "../../protocol/timestamp.js";
import { FtpReplyError } from "../errors.js";
import type { Session } from "../session/session.js";
import { visit } from "./files.js";
import {
  type FtpEntry,
  type ListingTarget,
  type ListOptions,
  lineParser,
  retrieve,
} from "./listing-transfer.js";
import { remoteJoin, remoteName } from "./names.js";

/** Entries that are held back while the server's clock is not known yet. */
const MOST_HELD = 5000;
const QUARTER = 15 * 60_000;
const MINUTE = 60_000;

/**
 * Many servers hand the argument to a program: white space divides it (inetutils lists nothing then, and calls it a
 * success), patterns match other names, a hyphen begins options and a tilde is a home.
 */
const NOT_PLAIN = /[\s*?[\]{}]|^[-~]/;

type Options = ListOptions & { readonly signal: AbortLike };

/** @throws FtpError */
export async function runList(
  session: Session,
  path: string | undefined,
  channel: ListingTarget,
  o: Options,
): Promise<void> {
  const target = new ClockedTarget(session, path, channel);
  const inside = () => list(session, undefined, target, o);
  const visited =
    path !== undefined && NOT_PLAIN.test(path) && (await visit(session, path, o.signal, inside));
  if (!visited) await listNamed(session, path, target, o);
  await target.finish(o.signal);
}

/** Some servers show a link to a directory as a link when it is listed itself. */
async function listNamed(
  session: Session,
  path: string | undefined,
  target: ListingTarget,
  o: Options,
): Promise<void> {
  if (path === undefined) return await list(session, undefined, target, o);
  const lone = new LoneLink(path, target);
  await list(session, path.startsWith("-") ? `./${path}` : path, lone, o);
  const { held } = lone;
  if (held === undefined) return;
  const visited = await visit(session, path, o.signal, () => list(session, undefined, target, o));
  if (!visited) await target.push([held]);
}

async function list(
  session: Session,
  argument: string | undefined,
  channel: ListingTarget,
  o: Options,
): Promise<void> {
  if (o.hidden === true && session.memory.listAll === undefined) {
    return await probeListAll(session, argument, channel, o);
  }
  const all = o.hidden === true && session.memory.listAll === true;
  await retrieve(session, {
    verb: "LIST",
    path: all ? withOption(argument) : argument,
    channel,
    o,
    parse: lineParser(session, o, argument),
  });
}

/**
 * Some servers take `-a` for a name and list nothing (basic-ftp#91): it is used only after it has listed at least
 * what LIST lists.
 */
async function probeListAll(
  session: Session,
  argument: string | undefined,
  channel: ListingTarget,
  o: Options,
): Promise<void> {
  const collect = async (path: string | undefined): Promise<FtpEntry[]> => {
    const entries: FtpEntry[] = [];
    const parse = lineParser(session, o, argument);
    await retrieve(session, { verb: "LIST", path, channel: arrayTarget(entries), o, parse });
    return entries;
  };
  const plain = await collect(argument);
  let all: FtpEntry[] | undefined;
  try {
    all = await collect(withOption(argument));
  } catch (error) {
    if (!(error instanceof FtpReplyError)) throw error;
  }
  const names = new Set(all?.map(({ name }) => name));
  const works = all !== undefined && plain.every(({ name }) => names.has(name));
  // Nothing is learnt from an empty directory.
  if (!works || plain.length > 0) session.memory.listAll = works;
  await channel.push(works ? (all ?? plain) : plain);
}

function withOption(argument: string | undefined): string {
  return argument === undefined ? "-a" : `-a ${argument}`;
}

function arrayTarget(into: FtpEntry[]): ListingTarget {
  return {
    push(entries) {
      for (const found of entries) into.push(found);
    },
  };
}

/** Keeps back a link with the listed path's own name, until something else comes. */
class LoneLink implements ListingTarget {
  held: FtpEntry | undefined;
  readonly #name: string;
  readonly #target: ListingTarget;
  #first = true;

  constructor(path: string, target: ListingTarget) {
    this.#name = remoteName(path);
    this.#target = target;
  }

  push(entries: readonly FtpEntry[]): void | Promise<void> {
    const [only, ...others] = entries;
    if (only === undefined) return undefined;
    const { held } = this;
    this.held = undefined;
    if (held !== undefined) return this.#target.push([held, ...entries]);
    const alone = this.#first && others.length === 0;
    this.#first = false;
    if (!alone || only.type !== "link" || only.name !== this.#name) return this.#target.push(entries);
    this.held = only;
    return undefined;
  }
}

/**
 * Times of LIST are the server's local ones. MDTM's are UTC (RFC 3659 3): one file that is asked for tells how
 * far they are apart. Entries are held back until then, if there are not too many of them.
 */
class ClockedTarget implements ListingTarget {
  readonly #session: Session;
  readonly #path: string | undefined;
  readonly #channel: ListingTarget;
  readonly #candidates: FtpEntry[] = [];
  #held: FtpEntry[] | undefined;

  constructor(session: Session, path: string | undefined, channel: ListingTarget) {
    this.#session = session;
    this.#path = path;
    this.#channel = channel;
    this.#held = session.memory.clockOffset === undefined ? [] : undefined;
  }

  push(entries: readonly FtpEntry[]): void | Promise<void> {
    if (this.#session.memory.clockOffset === undefined) this.#note(entries);
    if (this.#held === undefined) return this.#pass(entries);
    for (const found of entries) this.#held.push(found);
    if (this.#held.length <= MOST_HELD) return undefined;
    const held = this.#held;
    this.#held = undefined;
    return this.#pass(held);
  }

  /** The listing is whole, and the control connection free. */
  async finish(signal: AbortLike): Promise<void> {
    const { memory } = this.#session;
    if (memory.clockOffset === undefined) {
      const offset = await measureOffset(this.#session, this.#path ?? "", this.#candidates, signal);
      if (offset !== undefined) memory.clockOffset = offset;
    }
    await this.#pass(this.#held ?? []);
  }

  #note(entries: readonly FtpEntry[]): void {
    for (const found of entries) {
      if (this.#candidates.length >= 3) return;
      const exact = found.precision === "minute" || found.precision === "second";
      if (found.type === "file" && exact) this.#candidates.push(found);
    }
  }

  #pass(entries: readonly FtpEntry[]): void | Promise<void> {
    const offset = this.#session.memory.clockOffset ?? 0;
    if (offset === 0) return this.#channel.push(entries);
    return this.#channel.push(
      entries.map((found) =>
        found.modified === undefined || found.precision === "day"
          ? found
          : { ...found, modified: found.modified - offset },
      ),
    );
  }
}

/** Milliseconds that the listing is ahead of UTC, in quarters of an hour; undefined when no file tells. */
async function measureOffset(
  session: Session,
  directory: string,
  candidates: readonly FtpEntry[],
  signal: AbortLike,
): Promise<number | undefined> {
  for (const { name, modified } of candidates) {
    const reply = await session.ask("MDTM", remoteJoin(directory, name), signal);
    // A server without MDTM will not have it for the next file either.
    if (reply.code === 500 || reply.code === 502) return 0;
    const utc = reply.code === 213 ? parseTimestamp(reply.lines[0].trim()) : undefined;
    if (utc === undefined || modified === undefined) continue;
    const difference = modified - utc;
    const offset = Math.round(difference / QUARTER) * QUARTER;
    // The listing leaves the seconds out; anything else is a file that has changed meanwhile.
    if (Math.abs(difference - offset) <= MINUTE && Math.abs(offset) <= 26 * 4 * QUARTER) return offset;
  }
  return undefined;
}

/** Directories: MLSD where the server has it, else LIST in whatever dialect it comes. */
import { Buffer } from "node:buffer";
import { readFacts } from "../../protocol/entry-facts.js";
import { parseFactLine } from "../../protocol/facts.js";
import { LineCursor } from "../../protocol/lines.js";
import { type ListingDialect, ListingReader } from "../../protocol/listing/dialects.js";
import type { ListedLine } from "../../protocol/listing/line.js";
import { ASCII, IMAGE } from "../../protocol/representation.js";
import { decodeText } from "../../protocol/text.js";
import { parseTimestamp } from "../../protocol/timestamp.js";
import type { Entry, WriteHandle } from "../../storage/storage.js";
import { FtpProtocolError, FtpReplyError } from "../errors.js";
import type { Session } from "../session/session.js";
import { entry } from "../transfer/sinks.js";
import { runTransfer } from "../transfer/transfer.js";
import type { EntryChannel } from "./entry-channel.js";
import { isSafeName, remoteJoin, remoteName } from "./names.js";

export interface FtpEntry extends Omit<ListedLine, "raw"> {
  /** The line as the server sent it. */
  readonly raw: string;
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** What may be done, in the letters of RFC 3659 7.5.5. */
  readonly perm?: string;
}

export interface ListOptions {
  readonly signal?: AbortSignal;
  /** Asks for names that begin with a dot too, of servers that hide them from LIST. */
  readonly hidden?: boolean;
  /**
   * Told of lines that are no entries, as `total 12` or the directory itself, and of names that lead elsewhere or
   * cannot be on this machine.
   */
  readonly onSkipped?: (raw: string, why: "no-entry" | "unsafe-name") => void;
  /** When the server's dialect is known. */
  readonly dialect?: ListingDialect;
}

/** Entries that are held back while the server's clock is not known yet. */
const MOST_HELD = 5000;
const QUARTER = 15 * 60_000;
const MINUTE = 60_000;

/** Lists a directory, the working one without a path, into the channel. @throws FtpError */
export async function runListing(
  session: Session,
  path: string | undefined,
  channel: EntryChannel<FtpEntry>,
  o: ListOptions & { readonly signal: AbortSignal },
): Promise<void> {
  if (session.features.has("MLST") && session.memory.mlsd !== false) {
    try {
      await retrieve(session, { verb: "MLSD", path, channel, o, parse: factParser(session) });
      return;
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
      session.memory.mlsd = false;
    }
  }
  await runList(session, path, channel, o);
}

async function runList(
  session: Session,
  path: string | undefined,
  channel: EntryChannel<FtpEntry>,
  o: ListOptions & { readonly signal: AbortSignal },
): Promise<void> {
  // A name that begins with a hyphen would be taken for options.
  const argument = path?.startsWith("-") ? `./${path}` : path;
  if (o.hidden === true && session.memory.listAll === undefined) {
    return await probeListAll(session, argument, channel, o);
  }
  const all = o.hidden === true && session.memory.listAll === true;
  const target = new ClockedChannel(session, path, channel);
  await retrieve(session, {
    verb: "LIST",
    path: all ? withOption(argument) : argument,
    channel: target,
    o,
    parse: lineParser(session, o, argument),
  });
  await target.finish(o.signal);
}

/**
 * Some servers take `-a` for a name and list nothing (basic-ftp#91): it is used only after it has listed at least
 * what LIST lists.
 */
async function probeListAll(
  session: Session,
  argument: string | undefined,
  channel: EntryChannel<FtpEntry>,
  o: ListOptions & { readonly signal: AbortSignal },
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
  const target = new ClockedChannel(session, argument, channel);
  await target.push(works ? (all ?? plain) : plain);
  await target.finish(o.signal);
}

function withOption(argument: string | undefined): string {
  return argument === undefined ? "-a" : `-a ${argument}`;
}

interface Target {
  push(entries: readonly FtpEntry[]): void | Promise<void>;
}

function arrayTarget(into: FtpEntry[]): Target {
  return {
    push(entries) {
      for (const found of entries) into.push(found);
    },
  };
}

interface Retrieval {
  readonly verb: "MLSD" | "LIST";
  readonly path: string | undefined;
  readonly channel: Target;
  readonly o: ListOptions & { readonly signal: AbortSignal };
  readonly parse: LineParser;
}

type LineParser = (line: string) => FtpEntry | "no-entry" | "unsafe-name";

async function retrieve(session: Session, { verb, path, channel, o, parse }: Retrieval): Promise<void> {
  await runTransfer(session, {
    direction: "receive",
    verb,
    argument: path,
    // Servers that do not speak ASCII themselves convert only TYPE A; MLSD is the same in every TYPE.
    parameters: { type: verb === "LIST" ? ASCII : IMAGE, structure: "F", mode: "S" },
    start: 0,
    restart: false,
    signal: o.signal,
    sink: new ListingSink(session, channel, parse, o),
  });
}

/** Cuts a listing into lines, and these into entries. */
class ListingSink implements WriteHandle {
  readonly start = 0;
  readonly #channel: Target;
  readonly #parse: LineParser;
  readonly #onSkipped: ListOptions["onSkipped"];
  readonly #lines: LineCursor;
  readonly #limit: number;
  #bytes = 0;

  constructor(session: Session, channel: Target, parse: LineParser, o: Pick<ListOptions, "onSkipped">) {
    const { listing, listingLine } = session.settings.limits;
    this.#channel = channel;
    this.#parse = parse;
    this.#onSkipped = o.onSkipped;
    this.#lines = new LineCursor(listingLine);
    this.#limit = listing;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) throw tooMuch("the listing has no end (limits.listing)");
    this.#lines.push(chunk);
    const entries: FtpEntry[] = [];
    for (let found = this.#lines.next(); found !== "partial"; found = this.#lines.next()) {
      if (found === "too-long") throw tooMuch("a line of the listing has no end (limits.listingLine)");
      const { bytes, from, to } = this.#lines;
      this.#take(bytes.subarray(from, to), entries);
    }
    return this.#channel.push(entries);
  }

  async commit(): Promise<Entry> {
    const rest = this.#lines.unfinished;
    const entries: FtpEntry[] = [];
    if (rest !== undefined) this.#take(rest, entries);
    await this.#channel.push(entries);
    return entry(this.#bytes);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    return { kept: 0 };
  }

  #take(bytes: Uint8Array, into: FtpEntry[]): void {
    if (bytes.length === 0) return;
    const line = decodeText(Buffer.from(bytes));
    const found = this.#parse(line);
    if (typeof found === "object") into.push(found);
    else this.#onSkipped?.(line, found);
  }
}

function tooMuch(message: string): FtpProtocolError {
  return new FtpProtocolError(message, { phase: "transfer" });
}

/** Lines of MLSD (RFC 3659 7.2), without the directory itself and its parent. */
function factParser(session: Session): LineParser {
  return (line) => {
    const parsed = parseFactLine(line);
    if (parsed === undefined) return "no-entry";
    const { name, type = "other", role, modified, ...facts } = readFacts(parsed);
    const shown = session.charset.decode(name);
    if (role !== undefined) return "no-entry";
    if (!isSafeName(shown)) return refusal(shown);
    const time = modified === undefined ? {} : ({ modified, precision: "second" } as const);
    return { raw: line, name: shown, type, ...facts, ...time };
  };
}

/** `LIST -a` shows the directory itself and its parent: these are no attempt to lead anywhere. */
function refusal(name: string): "no-entry" | "unsafe-name" {
  return name === "" || name === "." || name === ".." ? "no-entry" : "unsafe-name";
}

function lineParser(session: Session, { dialect }: ListOptions, listed: string | undefined): LineParser {
  const reader = new ListingReader({ now: Date.now(), dialect });
  return (line) => {
    const found = reader.read(line);
    if (found === undefined) return "no-entry";
    const { name, target, ...rest } = found;
    const decoded = session.charset.decode(name);
    // Whoever lists a file is told its name as they gave it.
    const shown = decoded === listed ? remoteName(decoded) : decoded;
    if (!isSafeName(shown)) return refusal(shown);
    return {
      ...rest,
      name: shown,
      ...(target === undefined ? {} : { target: session.charset.decode(target) }),
    };
  };
}

/**
 * Times of LIST are the server's local ones. MDTM's are UTC (RFC 3659 3): one file that is asked for tells how
 * far they are apart. Entries are held back until then, if there are not too many of them.
 */
class ClockedChannel implements Target {
  readonly #session: Session;
  readonly #path: string | undefined;
  readonly #channel: Target;
  readonly #candidates: FtpEntry[] = [];
  #held: FtpEntry[] | undefined;

  constructor(session: Session, path: string | undefined, channel: Target) {
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
  async finish(signal: AbortSignal): Promise<void> {
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
  signal: AbortSignal,
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

function isNotImplemented(error: unknown): boolean {
  return error instanceof FtpReplyError && [500, 502, 504].includes(error.reply.code);
}

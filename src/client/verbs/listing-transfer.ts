/** The transfer of a listing: MLSD or LIST, cut into lines and these into entries. */
import type { AbortLike } from "../../connection/stop.js";
import { readFacts } from "../../protocol/entry-facts.js";
import { parseFactLine } from "../../protocol/facts.js";
import { LineCursor } from "../../protocol/lines.js";
import { type ListingDialect, ListingReader } from "../../protocol/listing/dialects.js";
import type { ListedLine } from "../../protocol/listing/line.js";
import { ASCII, IMAGE } from "../../protocol/representation.js";
import { decodeText } from "../../protocol/text.js";
import type { Entry, WriteHandle } from "../../storage/storage.js";
import { FtpClosedError, FtpProtocolError, FtpReplyError } from "../errors.js";
import type { Session } from "../session/session.js";
import { entry } from "../transfer/sinks.js";
import { runTransfer } from "../transfer/transfer.js";
import { isSafeName, remoteName } from "./names.js";

export interface FtpEntry extends Omit<ListedLine, "raw"> {
  /** The line as the server sent it. */
  readonly raw: string;
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** What may be done, in the letters of RFC 3659 7.5.5. */
  readonly perm?: string;
}

export interface ListOptions {
  readonly signal?: AbortLike;
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

export interface ListingTarget {
  push(entries: readonly FtpEntry[]): void | Promise<void>;
}

export interface Retrieval {
  readonly verb: "MLSD" | "LIST";
  readonly path: string | undefined;
  readonly channel: ListingTarget;
  readonly o: ListOptions & { readonly signal: AbortLike };
  readonly parse: LineParser;
}

export type LineParser = (line: string) => FtpEntry | "no-entry" | "unsafe-name";

export async function retrieve(
  session: Session,
  { verb, path, channel, o, parse }: Retrieval,
): Promise<void> {
  try {
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
  } catch (error) {
    // Pure-FTPd keeps what it had not sent, and sends it with the next listing: another directory's entries. ESTP is
    // a feature of it alone.
    const cut = !(error instanceof FtpReplyError) && session.features.has("ESTP");
    if (cut) session.pi.destroy(new FtpClosedError());
    throw error;
  }
}

/** Cuts a listing into lines, and these into entries. */
class ListingSink implements WriteHandle {
  readonly start = 0;
  readonly #channel: ListingTarget;
  readonly #parse: LineParser;
  readonly #onSkipped: ListOptions["onSkipped"];
  readonly #lines: LineCursor;
  readonly #limit: number;
  #bytes = 0;

  constructor(
    session: Session,
    channel: ListingTarget,
    parse: LineParser,
    o: Pick<ListOptions, "onSkipped">,
  ) {
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
      const { bytes, from, to, plain } = this.#lines;
      if (to > from) {
        const line = plain ? bytes.toString("latin1", from, to) : decodeText(bytes.subarray(from, to));
        this.#take(line, entries);
      }
    }
    return this.#channel.push(entries);
  }

  async commit(): Promise<Entry> {
    const rest = this.#lines.unfinished;
    const entries: FtpEntry[] = [];
    if (rest !== undefined) this.#take(decodeText(rest), entries);
    await this.#channel.push(entries);
    return entry(this.#bytes);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    return { kept: 0 };
  }

  #take(line: string, into: FtpEntry[]): void {
    const found = this.#parse(line);
    if (typeof found === "object") into.push(found);
    else this.#onSkipped?.(line, found);
  }
}

function tooMuch(message: string): FtpProtocolError {
  return new FtpProtocolError(message, { phase: "transfer" });
}

/** Lines of MLSD (RFC 3659 7.2), without the directory itself and its parent. */
export function factParser(session: Session): LineParser {
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

export function lineParser(
  session: Session,
  { dialect }: ListOptions,
  listed: string | undefined,
): LineParser {
  const reader = new ListingReader({ now: Date.now(), dialect });
  return (line) => {
    const found = reader.read(line);
    if (found === undefined) return "no-entry";
    const decoded = session.charset.decode(found.name);
    // Whoever lists a file is told its name as they gave it.
    const name = decoded === listed ? remoteName(decoded) : decoded;
    if (!isSafeName(name)) return refusal(name);
    const target = found.target === undefined ? undefined : session.charset.decode(found.target);
    // Most often the very same: a copy of each entry costs a tenth of the whole listing.
    if (name === found.name && target === found.target) return found;
    return { ...found, name, ...(target !== undefined && { target }) };
  };
}

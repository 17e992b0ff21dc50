/** Command lines (RFC 959 5.3): bytes to verb and argument on the server's side, and back on the client's. */
import type { Buffer } from "node:buffer";
import { MAX_COMMAND_LINE } from "./limits.js";
import { LineCursor } from "./lines.js";
import { commandWithoutTelnet, doubleIac } from "./telnet.js";
import { decodeText, encodeText } from "./text.js";

export type CommandLine =
  | {
      readonly kind: "command";
      /** Upper case, at most 16 characters of printable ASCII; it need not be a verb that anybody knows. */
      readonly verb: string;
      /** What follows the one space behind the verb, up to the end of the line: more spaces belong to it. */
      readonly argument: string;
    }
  /** NAT helpers send them; they are to be ignored. */
  | { readonly kind: "empty" }
  /** The end of all: what follows, also the rest of this line, is never decoded. */
  | { readonly kind: "too-long" }
  /** A byte below 32 or 127 was in the line: NUL, TAB, a CR that ends nothing. */
  | { readonly kind: "control-character"; readonly verb: string };

const EMPTY: CommandLine = { kind: "empty" };
const TOO_LONG: CommandLine = { kind: "too-long" };
const LONGEST_VERB = 16;
const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

type State =
  | "open"
  /** A line was taken as `ABOR` CR; if the next byte is an LF, it belongs to it. */
  | "after-abort"
  | "closed";

/**
 * Bytes to command lines, in any chunking. Give it a chunk, then take lines until there is none.
 * A chunk must not change before `next` has answered undefined. Once that was so, no more is held than one
 * unfinished line within the limit.
 */
export class CommandLineDecoder {
  readonly #lines: LineCursor;
  #state: State = "open";

  /** `limit`: bytes in one line as it is sent, its end not counted. */
  constructor({ limit = MAX_COMMAND_LINE }: { readonly limit?: number } = {}) {
    this.#lines = new LineCursor(limit);
  }

  /** Bytes that came and were not yet given as lines. More than 0 behind AUTH is an injection (CVE-2011-1575). */
  get buffered(): number {
    return this.#lines.buffered;
  }

  push(chunk: Uint8Array): void {
    if (this.#state !== "closed") this.#lines.push(chunk);
  }

  /** The next line that is complete. Never throws. */
  next(): CommandLine | undefined {
    for (;;) {
      const found = this.#lines.next();
      if (found === "partial") return undefined;
      if (found === "too-long") {
        this.#state = "closed";
        return TOO_LONG;
      }
      const { bytes, from, to, plain } = this.#lines;
      if (this.#state === "after-abort") {
        this.#state = "open";
        if (from === to && bytes[to] === LF) continue;
      }
      return plain ? plainLine(bytes, from, to) : otherLine(bytes.subarray(from, to));
    }
  }

  /**
   * For use when `next` has answered undefined: ftplib sends the LF behind `ABOR` CR as
   * urgent data, which Linux takes out of the stream, so that the line would never end. If just that is there,
   * it counts as complete, and an LF that still comes is swallowed.
   */
  endAbortLine(): CommandLine | undefined {
    const line = this.#lines.unfinished;
    if (line === undefined || line[line.length - 1] !== CR) return undefined;
    const text = commandWithoutTelnet(line.subarray(0, -1)).toString("latin1");
    if (text.toUpperCase() !== "ABOR") return undefined;
    this.#lines.clear();
    this.#state = "after-abort";
    return { kind: "command", verb: "ABOR", argument: "" };
  }
}

/** Why a command cannot be sent. The message names the verb, never the argument, which may be a password. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
  readonly code = "ERR_FERRY_COMMAND_LINE";
}

/**
 * Bytes of a command, with its CRLF.
 * @throws CommandLineError when the verb is not 1 to 16 printable characters without a space, when the argument
 *   holds CR, LF or NUL (it would become a second command), and beyond {@link MAX_COMMAND_LINE} bytes.
 */
export function encodeCommandLine(verb: string, argument?: string): Buffer {
  if (!/^[!-~]{1,16}$/.test(verb)) throw new CommandLineError("not a verb");
  if (argument !== undefined && /[\r\n\0]/.test(argument)) {
    throw new CommandLineError(`the argument of ${verb} has a line end or NUL in it, which FTP cannot carry`);
  }
  const line = encodeText(argument === undefined ? `${verb}\r\n` : `${verb} ${doubleIac(argument)}\r\n`);
  if (line.length - 2 > MAX_COMMAND_LINE) throw new CommandLineError(`the argument of ${verb} is too long`);
  return line;
}

function plainLine(bytes: Buffer, from: number, to: number): CommandLine {
  if (from === to) return EMPTY;
  let space = from;
  while (space < to && bytes[space] !== SPACE) space += 1;
  return {
    kind: "command",
    verb: shortVerb(bytes, from, space) ?? verbOf(bytes.toString("latin1", from, space)),
    argument: space + 1 < to ? bytes.toString("latin1", space + 1, to) : "",
  };
}

function otherLine(raw: Uint8Array): CommandLine {
  const line = commandWithoutTelnet(raw);
  if (line.length === 0) return EMPTY;
  const space = line.indexOf(SPACE);
  const verb = verbOf(line.toString("latin1", 0, space === -1 ? line.length : space));
  if (line.some(isControl)) return { kind: "control-character", verb };
  return { kind: "command", verb, argument: space === -1 ? "" : decodeText(line.subarray(space + 1)) };
}

/** Nearly every verb has four letters; made without a call out of JavaScript, which costs four times as much. */
function shortVerb(bytes: Buffer, from: number, to: number): string | undefined {
  if (to - from !== 4) return undefined;
  const a = upperLetter(bytes[from] as number);
  const b = upperLetter(bytes[from + 1] as number);
  const c = upperLetter(bytes[from + 2] as number);
  const d = upperLetter(bytes[from + 3] as number);
  return a && b && c && d ? String.fromCharCode(a, b, c, d) : undefined;
}

/** The letter in upper case; 0 when it is none. */
function upperLetter(byte: number): number {
  const upper = byte & 0xdf;
  return upper >= 0x41 && upper <= 0x5a ? upper : 0;
}

/** Not by decodeText: upper case of `ı` is `I`, and a verb must not become another one. */
function verbOf(latin1: string): string {
  return latin1
    .slice(0, LONGEST_VERB)
    .replace(/[^!-~]/g, "?")
    .toUpperCase();
}

function isControl(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f;
}

/** Replies of the control connection (RFC 959 4.2), from bytes in any chunking. */

import { MAX_REPLY, MAX_REPLY_LINE, MAX_REPLY_LINES } from "./limits.js";
import { LineCursor } from "./lines.js";
import type { Reply } from "./reply.js";
import { withoutTelnet } from "./telnet.js";
import { decodeText } from "./text.js";

export interface ReplyLimits {
  /** Bytes in one line, its end not counted. */
  readonly line: number;
  /** Bytes in one reply, each line end counted as two. */
  readonly reply: number;
  /** Lines in one reply. */
  readonly lines: number;
}

const DEFAULT_REPLY_LIMITS: ReplyLimits = {
  line: MAX_REPLY_LINE,
  reply: MAX_REPLY,
  lines: MAX_REPLY_LINES,
};

export type ReplyDecoderReason =
  | "line-too-long"
  | "reply-too-long"
  /** A line outside a multi-line reply begins with no code from 100 to 599, or is no line of a reply. */
  | "not-a-reply";

/** The peer does not speak FTP, or says too much. Nothing that follows can be trusted: close the connection. */
export class ReplyDecoderError extends Error {
  override readonly name = "ReplyDecoderError";
  readonly code = "ERR_FERRY_REPLY_DECODER";
  readonly reason: ReplyDecoderReason;
  /** The line that is no reply, or its beginning; as it came. */
  readonly line: string | undefined;

  constructor(reason: ReplyDecoderReason, line?: string) {
    super(`the server's reply cannot be read: ${reason}`);
    this.reason = reason;
    this.line = line;
  }
}

interface MultiLine {
  readonly kind: "multi-line";
  readonly code: number;
  readonly lines: [string, ...string[]];
  size: number;
}

type State =
  | { readonly kind: "between-replies" }
  | MultiLine
  | { readonly kind: "failed"; readonly error: ReplyDecoderError };

const BETWEEN_REPLIES: State = { kind: "between-replies" };
const SPACE = 0x20;
const HYPHEN = 0x2d;

/**
 * Bytes to replies. Give it a chunk, then take replies until there is none. A chunk must not change before
 * `next` has answered undefined; from then on no more is held than one unfinished reply within the limits.
 *
 * Lines inside a multi-line reply lose one leading space, which RFC 2389 3.2 and RFC 3659 7.2 ask for; all else
 * in them is kept, also a repeated `ddd-`. Empty lines between replies are ignored.
 */
export class ReplyDecoder {
  readonly #limits: ReplyLimits;
  readonly #lines: LineCursor;
  #state: State = BETWEEN_REPLIES;

  constructor(limits: Partial<ReplyLimits> = {}) {
    this.#limits = { ...DEFAULT_REPLY_LIMITS, ...limits };
    this.#lines = new LineCursor(this.#limits.line);
  }

  /** Bytes that came and were not yet given as replies. More than 0 behind a 234 is an injection (CVE-2021-22947). */
  get buffered(): number {
    return this.#lines.buffered + (this.#state.kind === "multi-line" ? this.#state.size : 0);
  }

  push(chunk: Uint8Array): void {
    if (this.#state.kind !== "failed") this.#lines.push(chunk);
  }

  /**
   * The next reply that is complete.
   * @throws ReplyDecoderError, from then on always the same.
   */
  next(): Reply<number> | undefined {
    for (;;) {
      if (this.#state.kind === "failed") throw this.#state.error;
      const found = this.#lines.next();
      if (found === "partial") return undefined;
      const reply = found === "line" ? this.#take() : this.#fail("line-too-long");
      if (reply !== undefined) return reply;
    }
  }

  #take(): Reply<number> | undefined {
    return this.#state.kind === "multi-line" ? this.#takeInner(this.#state) : this.#takeFirst();
  }

  #takeFirst(): Reply<number> | undefined {
    const { bytes, from, to } = this.#lines;
    if (from === to) return undefined;
    const code = codeAt(bytes, from, to);
    if (code === undefined) return this.#fail("not-a-reply", this.#text(from));
    const text = this.#text(from + 4);
    if (to === from + 3 || bytes[from + 3] === SPACE) return { code, lines: [text] };
    if (bytes[from + 3] !== HYPHEN) return this.#fail("not-a-reply", this.#text(from));
    const reply: MultiLine = { kind: "multi-line", code, lines: [text], size: 0 };
    this.#state = reply;
    this.#count(reply);
    return undefined;
  }

  /** The last line begins with the same code and a space; RFC 3659 7.2 lets it also be the code alone. */
  #takeInner(reply: MultiLine): Reply<number> | undefined {
    const { bytes, from, to } = this.#lines;
    const last = codeAt(bytes, from, to) === reply.code && (to === from + 3 || bytes[from + 3] === SPACE);
    const indent = from < to && bytes[from] === SPACE ? 1 : 0;
    reply.lines.push(this.#text(from + (last ? 4 : indent)));
    this.#count(reply);
    if (!last) return undefined;
    this.#state = BETWEEN_REPLIES;
    return { code: reply.code, lines: reply.lines };
  }

  #count(reply: MultiLine): void {
    reply.size += this.#lines.to - this.#lines.from + 2;
    if (reply.size > this.#limits.reply || reply.lines.length > this.#limits.lines) {
      this.#fail("reply-too-long");
    }
  }

  #text(from: number): string {
    const { bytes, to, plain } = this.#lines;
    if (from >= to) return "";
    return plain ? bytes.toString("latin1", from, to) : decodeText(withoutTelnet(bytes.subarray(from, to)));
  }

  #fail(reason: ReplyDecoderReason, line?: string): never {
    const error = new ReplyDecoderError(reason, line);
    this.#state = { kind: "failed", error };
    this.#lines.clear();
    throw error;
  }
}

/** Undefined when the line begins with no three digits from 100 to 599. */
function codeAt(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from < 3) return undefined;
  const a = (bytes[from] as number) - 0x30;
  const b = (bytes[from + 1] as number) - 0x30;
  const c = (bytes[from + 2] as number) - 0x30;
  const inRange = a >= 1 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9;
  return inRange ? a * 100 + b * 10 + c : undefined;
}

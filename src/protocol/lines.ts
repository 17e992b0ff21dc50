/**
 * Lines of a control connection, from bytes in any chunking. Commands and replies both end in CRLF
 * (RFC 959 4.1.3, 5.3.1); LF alone is taken too, because many programs send nothing else.
 */
import { Buffer } from "node:buffer";

const EMPTY = Buffer.alloc(0);
const SMALLEST_STORE = 128;
const LF = 0x0a;
const CR = 0x0d;

/**
 * A cursor over lines; it makes no object for a line. A chunk is kept, not copied, and must not change until
 * `next` has answered "partial"; from then on only a copy of the unfinished line is held.
 */
export class LineCursor {
  /** Where the line found by `next` lies; valid until `push` or `next` is called again. */
  bytes: Buffer = EMPTY;
  from = 0;
  /** One past its last byte, its CRLF or LF not counted. */
  to = 0;
  /** Whether the line holds nothing but printable ASCII and spaces. */
  plain = true;

  readonly #limit: number;
  #start = 0;
  #end = 0;
  #scanned = 0;
  /** The first byte of the unfinished line that is not plain, -1 when there is none. */
  #odd = -1;
  /** Whether `bytes` is our own, and may be written to behind `#end`. */
  #owned = false;

  /** `limit`: bytes in one line, its end not counted. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that no line was made of yet. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (kept === 0) {
      this.bytes = Buffer.isBuffer(chunk)
        ? chunk
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#place(0, chunk.length, false);
      return;
    }
    if (!this.#owned || this.bytes.length - this.#end < chunk.length) {
      // With room to spare, so that bytes that come one by one are not all copied each time.
      this.#moveTo(Math.max(SMALLEST_STORE, Math.ceil(1.5 * (kept + chunk.length))));
    }
    this.bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** What is there of a line whose end did not come; undefined when nothing is, or `next` was not yet asked. */
  get unfinished(): Buffer | undefined {
    if (this.#end === this.#start || this.#scanned < this.#end) return undefined;
    return this.bytes.subarray(this.#start, this.#end);
  }

  /** Goes on to the next line. "too-long": it exceeds the limit, wherever its end is; all that is held is dropped. */
  next(): "line" | "partial" | "too-long" {
    const { bytes } = this;
    const end = this.#end;
    for (let at = this.#scanned; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte >= 0x20 && byte < 0x7f) continue;
      if (byte === LF) return this.#endAt(at);
      if (this.#odd === -1) this.#odd = at;
    }
    this.#scanned = end;
    return this.#partial();
  }

  /** Drops what is held. */
  clear(): void {
    this.bytes = EMPTY;
    this.#place(0, 0, false);
  }

  #endAt(lineFeed: number): "line" | "too-long" {
    const from = this.#start;
    const to = lineFeed > from && this.bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    if (to - from > this.#limit) {
      this.clear();
      return "too-long";
    }
    this.plain = this.#odd === -1 || this.#odd === to;
    this.from = from;
    this.to = to;
    this.#start = lineFeed + 1;
    this.#scanned = lineFeed + 1;
    this.#odd = -1;
    return "line";
  }

  #partial(): "partial" | "too-long" {
    const length = this.#end - this.#start;
    // The last byte may be the CR of a CRLF, which does not count.
    if (length > this.#limit + 1 || (length > this.#limit && this.bytes[this.#end - 1] !== CR)) {
      this.clear();
      return "too-long";
    }
    if (length === 0) this.clear();
    else if (!this.#owned || this.#start > 0) this.#moveTo(Math.max(SMALLEST_STORE, length));
    return "partial";
  }

  /** Moves what is held to the start of a new store, so that neither a chunk nor a great store stays in memory. */
  #moveTo(capacity: number): void {
    const store = Buffer.allocUnsafeSlow(capacity);
    const { bytes } = this;
    const start = this.#start;
    bytes.copy(store, 0, start, this.#end);
    this.bytes = store;
    this.#scanned -= start;
    if (this.#odd !== -1) this.#odd -= start;
    this.#end -= start;
    this.#start = 0;
    this.#owned = true;
  }

  #place(start: number, end: number, owned: boolean): void {
    this.#start = start;
    this.#end = end;
    this.#scanned = start;
    this.#odd = -1;
    this.#owned = owned;
  }
}

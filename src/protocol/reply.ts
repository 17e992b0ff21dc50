/** Replies of the control connection: one value, one encoding (RFC 959 4.2). */
import type { Buffer } from "node:buffer";
import type { ReplyCode } from "./reply-codes.js";
import { doubleIac } from "./telnet.js";
import { encodeText } from "./text.js";

export interface Reply<Code extends number = ReplyCode> {
  readonly code: Code;
  /** Text without code and line ends; one element for each line, never empty. */
  readonly lines: readonly [string, ...string[]];
}

/** A reply from literal texts. Line ends inside a text would start a forged reply, so they become spaces. */
export function reply(code: ReplyCode, ...lines: [string, ...string[]]): Reply {
  return { code, lines };
}

/**
 * Bytes of a reply. Lines between the first and the last are indented by one space, so that none of them can be
 * taken for the last one (RFC 959 4.2; FEAT and MLST ask for just that form, RFC 2389 3.2, RFC 3659 7.2).
 */
export function encodeReply(value: Reply<number>): Buffer {
  return encodeText(formatReply(value));
}

/**
 * The same as text, with CRLF ends; lone surrogates stand for bytes that are not UTF-8 (see text.ts).
 * Byte 255 is doubled, because the control connection is Telnet's (RFC 854).
 */
export function formatReply({ code, lines }: Reply<number>): string {
  const last = lines.length - 1;
  if (last === 0) return `${code} ${oneLine(lines[0])}\r\n`;
  let text = `${code}-${oneLine(lines[0])}\r\n`;
  for (let n = 1; n < last; n++) text += ` ${oneLine(lines[n] as string)}\r\n`;
  return `${text}${code} ${oneLine(lines[last] as string)}\r\n`;
}

function oneLine(text: string): string {
  if (!/[\r\n\0\udcff]/.test(text)) return text;
  return doubleIac(text.replace(/[\r\n\0]+/g, " "));
}

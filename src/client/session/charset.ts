/**
 * Names in the server's charset. protocol/text.ts carries every byte through a string and back, so a charset is
 * only another reading of those bytes: nothing below has to know of it.
 */
import { Buffer } from "node:buffer";
import { TextDecoder } from "node:util";
import { decodeText, encodeText } from "../../protocol/text.js";
import { FtpArgumentError } from "../errors.js";

export interface Charset {
  /** The WHATWG name, in lower case. */
  readonly name: string;
  /** From the wire's text to what people read. */
  decode(text: string): string;
  /** From what people write to the wire's text. @throws FtpArgumentError for what the charset cannot say */
  encode(text: string): string;
}

export const UTF8: Charset = { name: "utf-8", decode: (text) => text, encode: (text) => text };

/**
 * A charset by its WHATWG label: every one of one or two bytes a character that this Node.js can decode.
 * @throws FtpArgumentError for an unknown label, and for UTF-16, which no control connection can carry
 */
export function charsetFor(label: string): Charset {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(label, { fatal: true });
  } catch (cause) {
    throw new FtpArgumentError("no such charset", { cause });
  }
  const name = decoder.encoding;
  if (name === "utf-8") return UTF8;
  const read = (bytes: Uint8Array): string => {
    const text = decoder.decode(bytes);
    return name === "windows-1252"
      ? text.replace(C1, (unit) => CP1252[unit.charCodeAt(0) - 0x80] ?? unit)
      : text;
  };
  if (name.startsWith("utf-16")) throw new FtpArgumentError(`${name} cannot be used on a control connection`);
  let bytesOf: ReadonlyMap<string, readonly number[]> | undefined;
  return {
    name,
    decode(text) {
      if (isAscii(text)) return text;
      try {
        return read(encodeText(text));
      } catch {
        // Bytes of another charset keep their way back: what cannot be read can still be asked for.
        return text;
      }
    },
    encode(text) {
      if (isAscii(text)) return text;
      bytesOf ??= inverseOf(read);
      return decodeText(encodeWith(bytesOf, text, name));
    },
  };
}

function encodeWith(bytesOf: ReadonlyMap<string, readonly number[]>, text: string, name: string): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    const known = bytesOf.get(character);
    if (known === undefined) {
      // The lone surrogate of a byte that could not be read stands for itself.
      const unit = character.charCodeAt(0);
      if (character.length === 1 && unit >= 0xdc80 && unit <= 0xdcff) bytes.push(unit - 0xdc00);
      else throw new FtpArgumentError(`${name} has no such character as one of this name`);
    } else bytes.push(...known);
  }
  return Buffer.from(bytes);
}

/** WHATWG has no encoders but UTF-8's: what each byte, and each pair of bytes, decodes to tells it. */
function inverseOf(read: (bytes: Uint8Array) => string): Map<string, readonly number[]> {
  const inverse = new Map<string, readonly number[]>();
  const learn = (...bytes: number[]): void => {
    let text: string;
    try {
      text = read(Uint8Array.from(bytes));
    } catch {
      return;
    }
    if ([...text].length === 1 && !inverse.has(text)) inverse.set(text, bytes);
  };
  for (let byte = 0; byte < 256; byte++) learn(byte);
  if (inverse.size < 256) {
    for (let lead = 0x80; lead < 256; lead++) {
      for (let trail = 0x40; trail < 256; trail++) learn(lead, trail);
    }
  }
  return inverse;
}

/** Node.js 20 decodes windows-1252 as ISO 8859-1, and leaves these as they are. */
const C1 = /[\u0080-\u009f]/g;
const CP1252 = [..."€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"];

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

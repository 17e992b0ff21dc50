/**
 * Names that a terminal must not get as they are, written so that they can be read, typed, and read back:
 * `$'a\x1b[2J'`, as bash does. A name from a listing could otherwise clear the screen, or look like another one.
 */
import { decodeText, escapeHostile } from "../../../protocol/text.js";

export { escapeHostile };

const NAMED: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
  ["b", "\b"],
  ["e", "\x1b"],
  ["f", "\f"],
  ["v", "\v"],
  ["0", "\0"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

export function isHostile(text: string): boolean {
  return escapeHostile(text) !== text;
}

/** The inside of `$'…'`. */
export function escapeAll(text: string): string {
  return escapeHostile(text.replace(/[\\']/g, "\\$&"));
}

/** What the inside of `$'…'` means. An escape that is none stands for itself. */
export function unescaped(inside: string): string {
  return inside.replace(/(?:\\x[\da-fA-F]{2})+|\\u[\da-fA-F]{4}|\\U[\da-fA-F]{8}|\\[\s\S]/g, (found) => {
    const kind = found[1] ?? "";
    // Several bytes may be one character.
    if (kind === "x" && found.length > 2) return decodeText(Buffer.from(found.replaceAll("\\x", ""), "hex"));
    if (kind === "u" && found.length > 2) return String.fromCharCode(Number.parseInt(found.slice(2), 16));
    if (kind === "U" && found.length > 2) return codePoint(Number.parseInt(found.slice(2), 16)) ?? found;
    return NAMED.get(kind) ?? found;
  });
}

function codePoint(value: number): string | undefined {
  return value <= 0x10ffff ? String.fromCodePoint(value) : undefined;
}

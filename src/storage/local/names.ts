/** Names as the disk holds them, and the hidden ones that are ours. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { platform } from "node:os";
import { decodeText, encodeText, isUtf8Text } from "../../protocol/text.js";

/** What node:fs takes: a Buffer where the name is not UTF-8. */
export type NativePath = string | Buffer;

const HIDDEN_PREFIX = ".ferry-";
/** Without regard to case: vfat, macOS and Windows would open the same file by `.FERRY-…`. */
const HIDDEN = /^\.ferry-[0-9a-f]{16}$/i;
const WINDOWS = platform() === "win32";

/** Whether a name is one of our hidden files: in no listing, and reached by no pathname. */
export function isHidden(name: string): boolean {
  return name.length === 23 && HIDDEN.test(name);
}

/** A hidden name for sixteen hexadecimal digits. */
export function hiddenName(digits: string): string {
  return HIDDEN_PREFIX + digits;
}

/** A hidden name that nothing leads back to. */
export function randomHiddenName(): string {
  return hiddenName(randomBytes(8).toString("hex"));
}

/** Text (see protocol/text.ts) as a path for node:fs. */
export function nativePath(path: string): NativePath {
  return isUtf8Text(path) ? path : encodeText(path);
}

/**
 * Text of a name that node:fs gave as latin1, the one encoding that is quick and loses nothing: as utf8, bytes
 * that are not UTF-8 would all become U+FFFD.
 */
export function textOfLatin1(name: string): string {
  return /[^\0-\x7f]/.test(name) ? decodeText(Buffer.from(name, "latin1")) : name;
}

/**
 * Whether the platform would take a component for something else than one name. Windows reads `\` as `/`, `:`
 * as a drive or a stream, drops dots and spaces at the end, and gives CON, NUL and others to devices.
 */
export function isForeignName(name: string, windows: boolean = WINDOWS): boolean {
  if (!windows) return false;
  return (
    /[\\:*?"<>|]|[. ]$/.test(name) || /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/i.test(name)
  );
}

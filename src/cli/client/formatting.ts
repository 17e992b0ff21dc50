/** Names, sizes and times as people read them. */
import type { FtpEntry } from "../../client/verbs/listing.js";
import { escapeHostile, isUtf8Text } from "../../protocol/text.js";
import type { TerminalOutput } from "../terminal.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `512 B`, `1.5 KiB`, `12 MiB`: two digits or three, powers of 1024. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 would be rounded to 1024.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(unit > 0 && value < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
}

const HALF_A_YEAR = 182 * 24 * 3600 * 1000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * As `ls -l` has it, in local time: `Nov 20 21:05`, or `Nov 20  2024` where the time of day is old or not known.
 * @param now Milliseconds since the epoch, as `modified`.
 */
export function listTime(modified: number, now: number, precision: FtpEntry["precision"] = "second"): string {
  const time = new Date(modified);
  const day = `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)}`;
  const recent = modified > now - HALF_A_YEAR && modified < now + 24 * 3600 * 1000;
  if (!recent || precision === "day") return `${day} ${String(time.getFullYear()).padStart(5)}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** ISO 8601 in UTC; undefined for times that no calendar has. */
export function isoTime(modified: number | undefined): string | undefined {
  if (modified === undefined || !(Math.abs(modified) <= 8.64e15)) return undefined;
  return new Date(modified).toISOString();
}

/**
 * A name in a line of output. Control characters, which would break the line or steer a terminal, are always escaped;
 * bytes that are not UTF-8 only on a terminal: in a pipe they are what they are on the server.
 */
export function nameFor(output: TerminalOutput, name: string): string {
  // A byte that is not UTF-8 steers nothing.
  const bare = name.replace(/[\udc80-\udcff]/gu, "");
  const unreadable = escapeHostile(bare) !== bare || (output.isTTY === true && !isUtf8Text(name));
  return unreadable ? escapeHostile(name) : name;
}

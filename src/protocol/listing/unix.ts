/**
 * Lines of LIST as `ls -l` writes them in the C locale, times in UTC: the dialect that every client reads, and
 * that most servers send. RFC 959 4.1.3 leaves the form open.
 */

import { visibleName } from "../text.js";
import { boundedTime, DAY, rememberDays, twoDigits } from "../timestamp.js";
import { sizeText } from "./size.js";

/** What a line is made of; the entries of a storage are such. Times are milliseconds since the epoch. */
export interface ListedEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number;
  readonly modified: number;
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  readonly links?: number;
  readonly owner?: string | number;
  readonly group?: string | number;
  readonly target?: string;
}

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Half a mean Gregorian year, as POSIX leaves to `ls` and GNU has it: older times are shown with their year. */
const RECENT = (365.2425 / 2) * DAY;

/**
 * "Other" is shown as a FIFO: a letter that clients know not to retrieve, and the only one but a socket's that
 * does not ask for device numbers where the size stands.
 */
const TYPE_LETTERS = { file: "-", directory: "d", link: "l", other: "p" } as const;

/** For back ends that know no modes. */
const USUAL_MODES = { file: 0o644, directory: 0o755, link: 0o777, other: 0o644 } as const;

/**
 * One line without its end, `-rw-r--r--   1 owner    group          1234 Nov 20 18:02 name`. `now` decides
 * between time and year; it is in milliseconds since the epoch. Control characters in names become `?`, blanks in owners
 * and groups `_`, so that each line keeps its columns.
 */
export function formatUnixLine(entry: ListedEntry, now: number): string {
  const { type, links = 1, owner = "owner", group = "group", target } = entry;
  const mode = TYPE_LETTERS[type] + modeText(entry.mode ?? USUAL_MODES[type]);
  const columns = `${mode} ${padded(links, 3)} ${identity(owner)} ${identity(group)}`;
  const line = `${columns} ${sizeText(entry.size).padStart(10)} ${timeText(entry.modified, now)}`;
  const name = visibleName(entry.name);
  return type === "link" && target !== undefined
    ? `${line} ${name} -> ${visibleName(target)}`
    : `${line} ${name}`;
}

/** Nine letters, with `s` and `t` in the place of the execute bits that they change. */
export function modeText(mode: number): string {
  const known = MODE_TEXTS.get(mode);
  if (known !== undefined) return known;
  const bits = mode & 0o7777;
  const text =
    triple(bits >> 6, (bits & 0o4000) !== 0, "s") +
    triple(bits >> 3, (bits & 0o2000) !== 0, "s") +
    triple(bits, (bits & 0o1000) !== 0, "t");
  if (bits === mode) MODE_TEXTS.set(mode, text);
  return text;
}

/** At most 4096 of them. */
const MODE_TEXTS = new Map<number, string>();

function triple(bits: number, special: boolean, letter: string): string {
  const executable = (bits & 1) !== 0;
  const last = special ? (executable ? letter : letter.toUpperCase()) : executable ? "x" : "-";
  return ((bits & 4) !== 0 ? "r" : "-") + ((bits & 2) !== 0 ? "w" : "-") + last;
}

/** Twelve characters: month and day, then the time, or the year of what is old or in the future. */
function timeText(modified: number, now: number): string {
  const time = boundedTime(modified);
  const day = Math.floor(time / DAY);
  if (time > now || time <= now - RECENT) return yearOf(day);
  const minute = Math.floor((time - day * DAY) / 60_000);
  return `${dateOf(day)} ${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

const dateOf = rememberDays(monthAndDay);
const yearOf = rememberDays(
  (date) => `${monthAndDay(date)}  ${String(date.getUTCFullYear()).padStart(4, "0")}`,
);

function monthAndDay(date: Date): string {
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)}`;
}

function identity(value: string | number): string {
  const text = String(value);
  return (
    /^[!-~\u00a0-\uffff]+$/.test(text) ? text : text.replace(/[\u0000- \u007f-\u009f]/g, "_") || "_"
  ).padEnd(8);
}

function padded(number: number, width: number): string {
  return String(number).padStart(width);
}

/** Lines of LIST in the dialect of `ls -l`, with the variations that GNU, BSD and old servers make of it. */
import { clockOf, dayOf, latestDay, monthOf } from "./calendar.js";

/** An entry as a line tells of it. Times are milliseconds since the epoch. */
export interface UnixListing {
  /** The line as it came. */
  readonly raw: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number;
  /** Read as UTC unless the line has a zone; where other servers stand, only MDTM can tell. */
  readonly modified: number;
  /** How exactly the line gives the time. */
  readonly precision: "second" | "minute" | "day";
  readonly mode: number;
  readonly links?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly target?: string;
}

type Built = { -readonly [Key in keyof UnixListing]: UnixListing[Key] };

const TYPES: Record<string, UnixListing["type"]> = { "-": "file", d: "directory", l: "link" };
/** A letter of the type, nine of the permissions, and what access lists add. */
const MODE = /^[-dlbcpsDm][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT][.+@]? /;
const MODE_LENGTH = 10;
/** Fields before the date are counted, so that no line costs more than its length. */
const MOST_FIELDS = 16;
const SPACE = 0x20;
const NUMBER = /^\d{1,16}$/;
const LINKS = /^\d{1,9}$/;

interface Dated {
  readonly time: number;
  readonly precision: UnixListing["precision"];
  /** Where the space before the name stands. */
  readonly end: number;
}

/**
 * Undefined for every line that is not of this dialect, such as `total 12`. `now`, in milliseconds since the
 * epoch, tells the year of times that have none. Of ` -> ` the first one separates a link from its target.
 */
export function parseUnixLine(raw: string, now: number): UnixListing | undefined {
  if (!MODE.test(raw)) return undefined;
  const line = withoutEnd(raw);
  const columns = columnsFrom(line, line[MODE_LENGTH] === " " ? MODE_LENGTH : MODE_LENGTH + 1, now);
  if (columns === undefined) return undefined;
  const { dated, fields, size } = columns;
  const rest = line.slice(dated.end + 1);
  if (rest === "" || line[dated.end] !== " ") return undefined;
  const type = TYPES[line[0] as string] ?? "other";
  const arrow = type === "link" ? rest.indexOf(" -> ", 1) : -1;
  // One object, filled: a listing has a million of them, and each spread of another one costs as much as a date.
  const listing: Built = {
    raw,
    name: arrow === -1 ? rest : rest.slice(0, arrow),
    type,
    size,
    modified: dated.time,
    precision: dated.precision,
    mode: modeBits(line.slice(1, MODE_LENGTH)),
  };
  if (arrow !== -1) listing.target = rest.slice(arrow + 4);
  addOwnership(listing, fields);
  return listing;
}

function withoutEnd(raw: string): string {
  if (!raw.endsWith("\n")) return raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  return raw.slice(0, raw.endsWith("\r\n") ? -2 : -1);
}

/** The fields up to the first date that follows a size. */
function columnsFrom(
  line: string,
  from: number,
  now: number,
): { fields: string[]; size: number; dated: Dated } | undefined {
  const fields: string[] = [];
  for (let at = from; fields.length < MOST_FIELDS; ) {
    let start = at;
    while (line.charCodeAt(start) === SPACE) start++;
    const space = line.indexOf(" ", start);
    // What has no space behind it has no date either.
    if (start === at || space === -1) return undefined;
    at = space;
    const text = line.slice(start, at);
    if (NUMBER.test(text)) {
      const dated = dateAt(line, at, now);
      if (dated !== undefined) return { fields: withoutMajor(fields), size: Number(text), dated };
    }
    fields.push(text);
  }
  return undefined;
}

/** Devices have `major, minor` in the place of a size. */
function withoutMajor(fields: string[]): string[] {
  return fields.at(-1)?.endsWith(",") ? fields.slice(0, -1) : fields;
}

const NAMED_DATE =
  / +(?:([A-Za-z]{3}) +(\d{1,2})|(\d{1,2})\.? +([A-Za-z]{3})) +(?:(\d{1,2}):(\d\d)(?::(\d\d) +(\d{4}))?|(\d{4}))(?= )/y;
const ISO_DATE =
  / +(?:(\d{4})-)?(\d\d)-(\d\d)(?: (\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?: ([-+])(\d\d)(\d\d))?| (?= ))(?= )/y;

function dateAt(line: string, at: number, now: number): Dated | undefined {
  NAMED_DATE.lastIndex = at;
  const named = NAMED_DATE.exec(line);
  if (named !== null) return namedDate(named, NAMED_DATE.lastIndex, now);
  ISO_DATE.lastIndex = at;
  const iso = ISO_DATE.exec(line);
  return iso === null ? undefined : isoDate(iso, ISO_DATE.lastIndex, now);
}

/** `Nov 20 18:02`, `Nov 20  2023`, BSD's `Nov 20 18:02:33 2023`, and the day first, as some locales have it. */
function namedDate(found: RegExpExecArray, end: number, now: number): Dated | undefined {
  const [, name = "", day, day2, name2 = "", hour = "0", minute = "0", second, longYear, year] = found;
  const month = monthOf(name === "" ? name2 : name);
  if (month === undefined) return undefined;
  const clock = clockOf(Number(hour), Number(minute), Number(second ?? "0"));
  const date = dateTime(year ?? longYear, month, Number(day ?? day2), clock, now);
  if (date === undefined || clock === undefined) return undefined;
  const precision = year !== undefined ? "day" : second !== undefined ? "second" : "minute";
  return { time: date + clock, precision, end };
}

/** GNU's styles `long-iso`, `full-iso` and `iso`: `2023-11-20 18:02`, with seconds and zone, `11-20 18:02`. */
function isoDate(found: RegExpExecArray, end: number, now: number): Dated | undefined {
  const [, year, month, day, hour, minute, second, sign, zoneHour, zoneMinute] = found;
  const clock = clockOf(Number(hour ?? "0"), Number(minute ?? "0"), Number(second ?? "0"));
  const date = dateTime(year, Number(month) - 1, Number(day), clock, now);
  if (date === undefined || clock === undefined) return undefined;
  const zone = sign === undefined ? 0 : (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  const precision = hour === undefined ? "day" : second === undefined ? "minute" : "second";
  return { time: date + clock + (sign === "-" ? zone : -zone), precision, end };
}

/** The start of a day; without a year, the latest such day. */
function dateTime(
  year: string | undefined,
  month: number,
  day: number,
  clock: number | undefined,
  now: number,
): number | undefined {
  return year === undefined ? latestDay(month, day, clock ?? 0, now) : dayOf(Number(year), month, day);
}

/** Link count, owner and group; some servers leave out the first or the last, and some names hold spaces. */
function addOwnership(listing: Built, fields: readonly string[]): void {
  const [first = ""] = fields;
  const counted = LINKS.test(first) ? 1 : 0;
  if (counted === 1) listing.links = Number(first);
  const owner = fields[counted];
  if (owner !== undefined) listing.owner = owner;
  if (fields.length > counted + 1) listing.group = fields.slice(counted + 1).join(" ");
}

/** The inverse of modeText. */
function modeBits(permissions: string): number {
  const known = MODE_BITS.get(permissions);
  if (known !== undefined) return known;
  let bits = 0;
  for (const [n, letter] of [...permissions].entries()) {
    if (letter !== "-" && letter !== "S" && letter !== "T") bits |= 0o400 >> n;
    if ("sStT".includes(letter)) bits |= 0o4000 >> Math.floor(n / 3);
  }
  MODE_BITS.set(permissions, bits);
  return bits;
}

/** At most 4096: no more can be written in these letters. */
const MODE_BITS = new Map<string, number>();

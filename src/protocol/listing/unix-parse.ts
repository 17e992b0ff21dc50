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

const TYPES: Record<string, UnixListing["type"]> = { "-": "file", d: "directory", l: "link" };
const MODE = /^([-dlbcpsDm])([-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT])[.+@]?(?= )/;
/** Fields before the date are counted, so that no line costs more than its length. */
const MOST_FIELDS = 16;

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
  const line = raw.replace(/\r?\n?$/, "");
  const head = MODE.exec(line);
  if (head === null) return undefined;
  const [matched, letter, permissions] = head as unknown as [string, string, string];
  const columns = columnsFrom(line, matched.length, now);
  if (columns === undefined) return undefined;
  const { dated, fields, size } = columns;
  const rest = line.slice(dated.end + 1);
  if (rest === "" || line[dated.end] !== " ") return undefined;
  const type = TYPES[letter] ?? "other";
  return {
    raw,
    ...nameAndTarget(rest, type),
    type,
    size,
    modified: dated.time,
    precision: dated.precision,
    mode: modeBits(permissions),
    ...ownership(fields),
  };
}

/** The fields up to the first date that follows a size. */
function columnsFrom(
  line: string,
  from: number,
  now: number,
): { fields: string[]; size: number; dated: Dated } | undefined {
  const fields: string[] = [];
  const field = / +([^ ]+)/y;
  field.lastIndex = from;
  while (fields.length < MOST_FIELDS) {
    const found = field.exec(line);
    if (found === null) return undefined;
    const text = found[1] as string;
    const size = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
    const dated = size === undefined ? undefined : dateAt(line, field.lastIndex, now);
    if (size !== undefined && dated !== undefined) return { fields: withoutMajor(fields), size, dated };
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

function nameAndTarget(rest: string, type: UnixListing["type"]): { name: string; target?: string } {
  const arrow = type === "link" ? rest.indexOf(" -> ", 1) : -1;
  return arrow === -1 ? { name: rest } : { name: rest.slice(0, arrow), target: rest.slice(arrow + 4) };
}

/** Link count, owner and group; some servers leave out the first or the last, and some names hold spaces. */
function ownership(fields: readonly string[]): { links?: number; owner?: string; group?: string } {
  const counted = /^\d{1,9}$/.test(fields[0] ?? "") ? 1 : 0;
  const [owner, ...group] = fields.slice(counted);
  return {
    ...(counted === 1 ? { links: Number(fields[0]) } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(group.length === 0 ? {} : { group: group.join(" ") }),
  };
}

/** The inverse of modeText. */
function modeBits(permissions: string): number {
  let bits = 0;
  for (const [n, letter] of [...permissions].entries()) {
    if (letter !== "-" && letter !== "S" && letter !== "T") bits |= 0o400 >> n;
    if ("sStT".includes(letter)) bits |= 0o4000 >> Math.floor(n / 3);
  }
  return bits;
}

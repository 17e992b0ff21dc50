/** Time values YYYYMMDDHHMMSS[.sss], always UTC (RFC 3659 2.3). Times are milliseconds since the epoch. */

/** `20260229T…` and the like are refused: every part must be in its range, and the day must exist. */
export function parseTimestamp(text: string): number | undefined {
  if (!/^\d{14}(?:\.\d{1,9})?$/.test(text)) return undefined;
  const number = (from: number, to: number): number => Number(text.slice(from, to));
  const [month, day] = [number(4, 6), number(6, 8)];
  const [hour, minute, second] = [number(8, 10), number(10, 12), number(12, 14)];
  // A leap second (RFC 3659 2.3 allows 60) has no place in POSIX time: it is the second after 59.
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(number(0, 4), month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const milliseconds = Number(text.slice(15, 18).padEnd(3, "0"));
  return date.setUTCHours(hour, minute, second, milliseconds);
}

/**
 * Whole seconds, as most clients expect.
 * Times outside the years 0000 to 9999, which the format cannot hold, are moved to its nearest end.
 */
export function formatTimestamp(time: number): string {
  const bounded = boundedTime(time);
  const day = Math.floor(bounded / DAY);
  const second = Math.floor((bounded - day * DAY) / 1000);
  return (
    dateOf(day) +
    twoDigits(Math.floor(second / 3600)) +
    twoDigits(Math.floor(second / 60) % 60) +
    twoDigits(second % 60)
  );
}

/** Milliseconds in a day; UTC has no others. */
export const DAY = 86_400_000;

/** The nearest time in the years 0000 to 9999; the epoch for what is no time at all. */
export function boundedTime(time: number): number {
  return Number.isNaN(time) ? 0 : Math.min(Math.max(time, EARLIEST), LATEST);
}

/** 0 to 99 in two digits. */
export function twoDigits(number: number): string {
  return TWO_DIGITS[number] as string;
}

/**
 * Remembers the text made of each day (a number of days since the epoch). The entries of a directory share few
 * days, and to make such a text anew costs about as much as all else in a line of a listing.
 */
export function rememberDays(make: (date: Date) => string): (day: number) => string {
  const texts = new Map<number, string>();
  return (day) => {
    const known = texts.get(day);
    if (known !== undefined) return known;
    if (texts.size >= MOST_DAYS) texts.clear();
    const text = make(new Date(day * DAY));
    texts.set(day, text);
    return text;
  };
}

const MOST_DAYS = 1024;
const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));
const EARLIEST = new Date(0).setUTCFullYear(0, 0, 1);
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);
const dateOf = rememberDays((date) => date.toISOString().slice(0, 10).replaceAll("-", ""));

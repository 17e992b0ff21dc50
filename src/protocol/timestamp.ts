/** Time values YYYYMMDDHHMMSS[.sss], always UTC (RFC 3659 2.3). Times are milliseconds since the epoch. */

/** `20260229T…` and the like are refused: every part must be in its range, and the day must exist. */
export function parseTimestamp(text: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // A leap second (RFC 3659 2.3 allows 60) has no place in POSIX time: it is the second after 59.
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const milliseconds = found[7] === undefined ? 0 : Math.floor(Number(`0.${found[7]}`) * 1000);
  return date.setUTCHours(hour, minute, second, milliseconds);
}

/**
 * Whole seconds, as most clients expect.
 * Times outside the years 0000 to 9999, which the format cannot hold, are moved to its nearest end.
 */
export function formatTimestamp(time: number): string {
  const bounded = Math.min(Math.max(time, EARLIEST), LATEST);
  return new Date(bounded).toISOString().slice(0, 19).replace(/[-T:]/g, "");
}

const EARLIEST = new Date(0).setUTCFullYear(0, 0, 1);
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);

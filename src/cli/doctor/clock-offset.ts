/** Differences of clocks: time zones come in quarters of an hour, and what is less is a clock that is wrong. */

/** Milliseconds; no zone is finer. */
export const QUARTER = 15 * 60_000;

/** To the nearest quarter of an hour. */
export function roundedOffset(milliseconds: number): number {
  return Math.round(milliseconds / QUARTER) * QUARTER;
}

/** Whether the difference can be that of a time zone: all but a minute of it is quarters of an hour. */
export function isZone(milliseconds: number): boolean {
  const rounded = roundedOffset(milliseconds);
  return rounded !== 0 && Math.abs(rounded) <= 14 * 4 * QUARTER && Math.abs(milliseconds - rounded) <= 60_000;
}

/** "+2:00 h", "-30 min", "+12 s", "+3 days". */
export function offsetText(milliseconds: number): string {
  const sign = milliseconds < 0 ? "-" : "+";
  const size = Math.abs(milliseconds);
  if (size < 60_000) return `${sign}${Math.round(size / 1000)} s`;
  if (size >= 2 * 96 * QUARTER) return `${sign}${Math.round(size / (96 * QUARTER))} days`;
  const minutes = Math.round(size / 60_000);
  if (minutes < 60) return `${sign}${minutes} min`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
}

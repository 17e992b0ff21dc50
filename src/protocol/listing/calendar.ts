/** Dates as listings write them. Times are milliseconds since the epoch; what does not exist is undefined. */
import { DAY } from "../timestamp.js";
import { MONTHS } from "./unix.js";

const LOWER_MONTHS = MONTHS.map((month) => month.toLowerCase());

/** 0 to 11 for a month's English name of three letters, in any case. */
export function monthOf(name: string): number | undefined {
  const month = LOWER_MONTHS.indexOf(name.toLowerCase());
  return month === -1 ? undefined : month;
}

/** The start of a day; `month` from 0. */
export function dayOf(year: number, month: number, day: number): number | undefined {
  const length = month === 1 && isLeap(year) ? 29 : LENGTHS[month];
  if (length === undefined || !(day >= 1 && day <= length)) return undefined;
  // Date.UTC takes the years before 100 for others; the calendar is the same again after 400.
  return Date.UTC(year + 400, month, day) - DAYS_IN_400_YEARS * DAY;
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_IN_400_YEARS = 146_097;

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Milliseconds of the day. */
export function clockOf(hour: number, minute: number, second = 0): number | undefined {
  // What is no number at all is in no range.
  const exists = hour <= 23 && minute <= 59 && second <= 60;
  return exists ? ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}

/** The latest such day whose time is not in the future by more than a time zone. */
export function latestDay(month: number, day: number, clock: number, now: number): number | undefined {
  const thisYear = new Date(now).getUTCFullYear();
  // Eight years back there is a 29 February, also around 1900.
  for (let before = 0; before <= 8; before++) {
    const date = dayOf(thisYear - before, month, day);
    if (date !== undefined && date + clock <= now + DAY) return date;
  }
  return undefined;
}

/** Two digits of a year: from 1970 to 2069. Four are taken as they are. */
export function wholeYear(digits: string): number {
  const year = Number(digits);
  if (digits.length > 2) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

/** A day and a time of it. */
export function timeOf(day: number | undefined, clock: number | undefined): number | undefined {
  return day === undefined || clock === undefined ? undefined : day + clock;
}

/** A number of bytes; undefined when it is none that can be held exactly. */
export function sizeOf(digits: string): number | undefined {
  const size = /^\d{1,16}$/.test(digits) ? Number(digits) : undefined;
  return size !== undefined && Number.isSafeInteger(size) ? size : undefined;
}

/** LIST of Novell NetWare: rights in brackets. Source: D. J. Bernstein, https://cr.yp.to/ftp/list/binls.html */
import { clockOf, dayOf, latestDay, monthOf, sizeOf, timeOf } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const LINE =
  /^([-d]) ?\[([-A-Z]{8})\] +(\S+) +(\d{1,16}) +([A-Za-z]{3}) +(\d{1,2}) +(?:(\d{1,2}):(\d\d)|(\d{4})) {1,4}([^ ].*)$/;

export function netwareReader(now: number): LineReader {
  return (line) => {
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, kind, , owner = "", size = "", monthName = "", day = "", hour, minute, year, name = ""] = found;
    const month = monthOf(monthName);
    const clock = clockOf(Number(hour ?? "0"), Number(minute ?? "0"));
    if (month === undefined || clock === undefined) return undefined;
    const date =
      year === undefined
        ? latestDay(month, Number(day), clock, now)
        : dayOf(Number(year), month, Number(day));
    if (date === undefined) return undefined;
    return {
      raw: line,
      name,
      type: kind === "d" ? "directory" : "file",
      ...sized(sizeOf(size)),
      owner,
      ...timed(timeOf(date, clock), year === undefined ? "minute" : "day"),
    };
  };
}

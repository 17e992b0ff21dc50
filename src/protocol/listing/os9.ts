/**
 * LIST of OS-9: `dir -e`. Owner, time, attributes, sector (hexadecimal), bytes, name.
 * Source: Microware, "Using OS-9", dir.
 */
import { clockOf, dayOf, sizeOf, timeOf, wholeYear } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const LINE =
  /^ *(\d{1,5}\.\d{1,5}) +(\d{2,4})\/(\d\d)\/(\d\d) +(\d\d):?(\d\d) +([-d][-sn][-ewrp]{6}) +([0-9A-Fa-f]{1,8}) +(\d{1,16}) +(\S.*)$/;
const HEADING = /^ *Owner +Last modified +Attributes +Sector/i;

export function os9Reader(): LineReader {
  return (line) => {
    if (HEADING.test(line)) return "heading";
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, owner = "", year = "", month = "", day = "", hour, minute, attributes = "", , size = ""] = found;
    const modified = timeOf(
      dayOf(wholeYear(year), Number(month) - 1, Number(day)),
      clockOf(Number(hour), Number(minute)),
    );
    if (modified === undefined) return undefined;
    const [group = "", user = ""] = owner.split(".");
    return {
      raw: line,
      name: (found[10] ?? "").trimEnd(),
      type: attributes.startsWith("d") ? "directory" : "file",
      ...sized(sizeOf(size)),
      ...timed(modified, "minute"),
      owner: user,
      group,
    };
  };
}

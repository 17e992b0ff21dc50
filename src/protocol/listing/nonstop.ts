/**
 * LIST of HP NonStop (Tandem Guardian): file, code, end of file, time, owner and the four rights.
 * Source: HPE NonStop TCP/IP Applications and Utilities User Guide, FTP, DIR.
 */
import { clockOf, dayOf, monthOf, sizeOf, timeOf, wholeYear } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const LINE =
  /^(\S{1,64})(?: +[A-Za-z?]{1,2})? +(\d{1,5}) +(\d{1,16}) +(\d{1,2})-([A-Za-z]{3})-(\d{4}|\d\d) +(\d{1,2}):(\d\d):(\d\d) +(\d{1,3}), *(\d{1,3}) +"?([-A-Za-z*]{4})"? *$/;
const HEADING = /^File +Code +EOF +Last Modification +Owner +RWEP/;

export function nonstopReader(): LineReader {
  return (line) => {
    if (HEADING.test(line)) return "heading";
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, name = "", , size = "", day = "", monthName = "", year = "", hour, minute, second] = found;
    const month = monthOf(monthName);
    if (month === undefined) return undefined;
    const date = dayOf(wholeYear(year), month, Number(day));
    const modified = timeOf(date, clockOf(Number(hour), Number(minute), Number(second)));
    if (modified === undefined) return undefined;
    const [group = "", user = ""] = found.slice(10);
    return {
      raw: line,
      name,
      type: "file",
      ...sized(sizeOf(size)),
      ...timed(modified, "second"),
      owner: user,
      group,
    };
  };
}

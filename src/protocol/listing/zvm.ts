/**
 * LIST of z/VM: file name, file type, record format, record length, records, blocks, time, owner.
 * Source: IBM z/VM TCP/IP User's Guide, FTP, DIR and "LISTFORMAT".
 */
import { clockOf, dayOf, sizeOf, timeOf, wholeYear } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const LINE =
  /^(\S{1,16}) +(\S{1,8}) +(F|V|-) +(\d{1,10}|-) +(\d{1,10}|-) +(?:(?:\d{1,10}|-) +)?(?:(\d{4})-(\d\d)-(\d\d)|(\d{1,2})\/(\d\d)\/(\d\d)) +(\d{1,2}):(\d\d):(\d\d)(?: +(\S{1,16}))? *$/;

export function zvmReader(): LineReader {
  return (line) => {
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, fileName = "", fileType = "", format, length = "", records = ""] = found;
    const directory = format === "-";
    if (directory !== (fileType === "DIR")) return undefined;
    const modified = timeAt(found.slice(6, 15));
    if (modified === undefined) return undefined;
    const owner = found[15];
    return {
      raw: line,
      name: directory ? fileName : `${fileName}.${fileType}`,
      type: directory ? "directory" : "file",
      // Records of variable length say nothing of the bytes.
      ...sized(format === "F" ? product(length, records) : undefined),
      ...timed(modified, "second"),
      ...(owner === undefined || owner === "-" ? {} : { owner }),
    };
  };
}

/** Year, month, day of one form; month, day, year of the other; hour, minute, second. */
function timeAt([year, month, day, month2, day2, year2, hour, minute, second]: string[]): number | undefined {
  const date =
    year === undefined
      ? dayOf(wholeYear(year2 ?? ""), Number(month2) - 1, Number(day2))
      : dayOf(Number(year), Number(month) - 1, Number(day));
  return timeOf(date, clockOf(Number(hour), Number(minute), Number(second)));
}

function product(one: string, other: string): number | undefined {
  const [a, b] = [sizeOf(one), sizeOf(other)];
  const bytes = a === undefined || b === undefined ? undefined : a * b;
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** LIST of IIS and other Windows servers: as `dir` of the command prompt. Source: Microsoft, FtpDirectoryEntry of IIS. */
import { clockOf, dayOf, sizeOf, timeOf, wholeYear } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const LINE =
  /^ *(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4}) +(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AaPp])[Mm]?)? +(?:(<[A-Z]{3,9}>) {1,10}|(\d[\d.,]*) )([^ ].*)$/;

export function dosReader(): LineReader {
  return (line) => {
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, first = "", mark = "", second = "", third = "", hour = "", minute = "", seconds, half] = found;
    const day = dateOf(first, mark, second, third);
    const clock = clockOf(hourOf(Number(hour), half), Number(minute), Number(seconds ?? "0"));
    const modified = timeOf(day, clock);
    const name = found[11];
    if (modified === undefined || name === undefined) return undefined;
    return {
      raw: line,
      ...kindOf(found[9], name),
      ...sized(found[10] === undefined ? undefined : sizeOf(found[10].replace(/[.,]/g, ""))),
      ...timed(modified, seconds === undefined ? "minute" : "second"),
    };
  };
}

function kindOf(
  mark: string | undefined,
  name: string,
): {
  type: "file" | "directory" | "link";
  name: string;
  target?: string;
} {
  if (mark === undefined) return { type: "file", name };
  if (mark === "<DIR>") return { type: "directory", name };
  // `<SYMLINK>`, `<SYMLINKD>` and `<JUNCTION>` show where they lead: `name [C:\target]`.
  const open = name.endsWith("]") ? name.lastIndexOf(" [") : -1;
  if (open < 1) return { type: "link", name };
  return { type: "link", name: name.slice(0, open), target: name.slice(open + 2, -1) };
}

/** `MM-DD-YY` as IIS writes it in every locale; a year may stand first; dots are for the day first. */
function dateOf(first: string, mark: string, second: string, third: string): number | undefined {
  if (first.length > 2) return dayOf(Number(first), Number(second) - 1, Number(third));
  const dayFirst = mark === "." || Number(first) > 12;
  const [month, day] = dayFirst ? [second, first] : [first, second];
  return dayOf(wholeYear(third), Number(month) - 1, Number(day));
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (/p/i.test(half) ? 12 : 0);
}

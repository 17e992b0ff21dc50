/**
 * LIST of IBM i (OS/400), LISTFMT 0 and 1: owner, size, date, time, object type, name.
 * Source: IBM i, "File and directory entries in i5/OS format" (rzaiqfdrt), SITE subcommands LISTFMT, NAMEFMT.
 */
import { clockOf, dayOf, sizeOf, timeOf, wholeYear } from "./calendar.js";
import { type LineReader, type ListedLine, sized, timed } from "./line.js";

const LINE =
  /^(\S{1,10}) +(?:(\d{1,16}) +)?(\d\d)([-/.])(\d\d)\4(\d\d) +(\d\d)[:.](\d\d)[:.](\d\d) +\*([A-Z0-9]{1,10}) +(\S.*)$/;
/** An object without a size has none. Members have neither size nor date. */
const MEMBER = /^(\S{1,10}) +\*(MEM|FILE) +(\S.*)$/;
const DIRECTORIES: ReadonlySet<string> = new Set(["DIR", "DDIR", "LIB", "FLR"]);
const FILES: ReadonlySet<string> = new Set(["STMF", "DSTMF", "FILE", "MEM", "DOC", "SAVF"]);

export function os400Reader(): LineReader {
  return (line) => {
    const found = LINE.exec(line);
    if (found === null) return memberOf(line);
    const [, owner = "", size = "", a = "", mark = "", b = "", c = "", hour, minute, second] = found;
    const [, , , , , , , , , , type = "", shown = ""] = found;
    const name = shown.trimEnd();
    const modified = timeOf(dateOf(a, mark, b, c), clockOf(Number(hour), Number(minute), Number(second)));
    if (modified === undefined || name === "") return undefined;
    const kind = kindOf(type, name);
    return { raw: line, owner, ...kind, ...sized(sizeOf(size)), ...timed(modified, "second") };
  };
}

function memberOf(line: string): ListedLine | undefined {
  const found = MEMBER.exec(line);
  if (found === null) return undefined;
  const [, owner = "", type = "", name = ""] = found;
  return { raw: line, owner, ...kindOf(type, name.trimEnd()) };
}

/** Whatever can be entered ends in a slash, a physical file with its members too. */
function kindOf(type: string, name: string): Pick<ListedLine, "name" | "type"> {
  if (name.endsWith("/") && name.length > 1) return { name: name.slice(0, -1), type: "directory" };
  if (DIRECTORIES.has(type)) return { name, type: "directory" };
  return { name, type: FILES.has(type) ? "file" : "other" };
}

/** The job's date format and separator: `*MDY` with slashes, `*DMY` with dots, `*YMD` with hyphens are usual. */
function dateOf(a: string, mark: string, b: string, c: string): number | undefined {
  const [first, second] = [Number(a), Number(b)];
  if (mark === "-" || first > 31) return dayOf(wholeYear(a), second - 1, Number(c));
  const dayFirst = mark === "." || first > 12;
  const [month, day] = dayFirst ? [second, first] : [first, second];
  return dayOf(wholeYear(c), month - 1, day);
}

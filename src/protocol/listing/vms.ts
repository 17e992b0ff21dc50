/**
 * LIST of OpenVMS: `DIRECTORY /DATE /SIZE /OWNER /PROTECTION`. Long names stand alone on a line, and the rest on
 * the next. Source: HP OpenVMS DCL Dictionary, DIRECTORY; D. J. Bernstein, https://cr.yp.to/ftp/list/binls.html
 */
import { clockOf, dayOf, monthOf, sizeOf, timeOf } from "./calendar.js";
import { type LineReader, sized, timed } from "./line.js";

const NAME = /^([^ ;]+);(\d{1,5})(?= |$)/;
const REST =
  /^ +(\d{1,12})(?:\/\d{1,12})? +(\d{1,2})-([A-Za-z]{3})-(\d{4})(?: +(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?)?(?: +\[([^\]]*)\])?(?: +\(([^)]*)\))? *$/;
/** Bytes of a block, which sizes are counted in. */
const BLOCK = 512;

export function vmsReader(): LineReader {
  let pending: { readonly name: string; readonly raw: string } | undefined;
  return (line) => {
    const named = NAME.exec(line);
    if (named !== null) {
      const rest = line.slice(named[0].length);
      pending = undefined;
      if (rest.trim() !== "") return entryOf(named[1] ?? "", rest, line);
      pending = { name: named[1] ?? "", raw: line };
      return "more";
    }
    if (pending === undefined || !line.startsWith(" ")) return undefined;
    const { name, raw } = pending;
    pending = undefined;
    return entryOf(name, line, `${raw}\n${line}`);
  };
}

function entryOf(fileName: string, rest: string, raw: string): ReturnType<LineReader> {
  const found = REST.exec(rest);
  if (found === null) return undefined;
  const [, blocks = "", day = "", monthName = "", year = "", hour, minute, second, owner] = found;
  const month = monthOf(monthName);
  if (month === undefined) return undefined;
  const clock = clockOf(Number(hour ?? "0"), Number(minute ?? "0"), Number(second ?? "0"));
  const modified = timeOf(dayOf(Number(year), month, Number(day)), clock);
  if (modified === undefined) return undefined;
  const directory = /\.DIR$/i.test(fileName);
  const precision = hour === undefined ? "day" : second === undefined ? "minute" : "second";
  return {
    raw,
    // Commands want the version of a file, or none, but a directory without its `.DIR`.
    name: directory ? fileName.slice(0, -4) : fileName,
    type: directory ? "directory" : "file",
    // Of a file the blocks that it uses: its end may lie anywhere in the last one.
    ...sized(directory ? undefined : blocksToBytes(blocks)),
    ...timed(modified, precision),
    ...(owner === undefined || owner === "" ? {} : { owner }),
  };
}

function blocksToBytes(blocks: string): number | undefined {
  const count = sizeOf(blocks);
  return count === undefined ? undefined : count * BLOCK;
}

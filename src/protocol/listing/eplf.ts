/** EPLF, Easily Parsed LIST Format. Source: D. J. Bernstein, https://cr.yp.to/ftp/list/eplf.html */
import { sizeOf } from "./calendar.js";
import { type LineReader, type Listed, sized, timed } from "./line.js";

export function eplfReader(): LineReader {
  return (line) => {
    const tab = line.indexOf("\t");
    if (!line.startsWith("+") || tab === -1 || tab === line.length - 1) return undefined;
    let entry: Listed = { name: line.slice(tab + 1), type: "other" };
    for (const fact of line.slice(1, tab).split(",")) entry = { ...entry, ...said(fact, entry) };
    return { raw: line, ...entry };
  };
}

/** `/`: one can go there; `r`: one can retrieve it; both together are a directory that is also a file. */
function said(fact: string, { type }: Listed): Partial<Listed> | undefined {
  if (fact === "/") return { type: "directory" };
  if (fact === "r") return type === "directory" ? undefined : { type: "file" };
  const value = fact.slice(1);
  if (fact.startsWith("s")) return sized(sizeOf(value));
  if (fact.startsWith("i") && value !== "") return { unique: value };
  if (fact.startsWith("m")) {
    const seconds = sizeOf(value);
    return seconds === undefined || seconds > LATEST ? undefined : timed(seconds * 1000, "second");
  }
  return /^up[0-7]{1,4}$/.test(fact) ? { mode: Number.parseInt(fact.slice(2), 8) } : undefined;
}

/** The year 9999. */
const LATEST = 253_402_300_799;

/** Entries in lines, as `ls -l` writes them. */
import type { FtpEntry } from "../../client/verbs/listing.js";
import { printable } from "../../protocol/text.js";
import type { Terminal } from "../terminal.js";
import { type Paint, painter } from "./colours.js";
import { humanSize, listTime, nameFor } from "./formatting.js";

export interface LineOptions {
  /** Sizes with units. */
  readonly human?: boolean | undefined;
  /** Names and nothing else. */
  readonly names?: boolean | undefined;
}

/** Columns are as wide as these entries need; one that no entry has anything for is left out. */
export function listingLines(entries: readonly FtpEntry[], o: LineOptions, terminal: Terminal): string {
  const paint = painter(terminal);
  const names = entries.map((entry) => nameOf(entry, terminal, paint, o.names !== true));
  if (o.names === true) return names.map((name) => `${name}\n`).join("");
  const now = Date.now();
  const columns = [
    column(entries, modeText),
    column(entries, ({ owner }) => printable(owner ?? "")),
    column(entries, ({ group }) => printable(group ?? "")),
    column(entries, (entry) => sizeText(entry, o.human === true), "right"),
    column(entries, ({ modified, precision }) =>
      modified === undefined ? "" : listTime(modified, now, precision),
    ),
  ].filter((cells) => cells !== undefined);
  return names.map((name, row) => `${columns.map((cells) => cells[row]).join("  ")}  ${name}\n`).join("");
}

function column(
  entries: readonly FtpEntry[],
  text: (entry: FtpEntry) => string,
  side: "left" | "right" = "left",
): readonly string[] | undefined {
  const cells = entries.map(text);
  const width = cells.reduce((widest, cell) => Math.max(widest, cell.length), 0);
  if (width === 0) return undefined;
  return cells.map((cell) => (side === "left" ? cell.padEnd(width) : cell.padStart(width)));
}

const TYPES = { file: "-", directory: "d", link: "l", other: "?" } as const;

/** `drwxr-xr-x`, or the first letter alone where the server tells no permissions. */
function modeText({ type, mode }: FtpEntry): string {
  if (mode === undefined) return TYPES[type];
  const bits = [..."rwxrwxrwx"].map((letter, n) => ((mode >> (8 - n)) & 1 ? letter : "-"));
  return `${TYPES[type]}${bits.join("")}`;
}

function sizeText({ size, type }: FtpEntry, human: boolean): string {
  if (size === undefined || type === "directory") return "-";
  return human ? humanSize(size) : String(size);
}

function nameOf(entry: FtpEntry, { output }: Terminal, paint: Paint, withTarget: boolean): string {
  const name = paint(nameFor(output, entry.name), entry);
  return withTarget && entry.target !== undefined ? `${name} -> ${nameFor(output, entry.target)}` : name;
}

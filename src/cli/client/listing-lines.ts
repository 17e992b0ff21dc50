/** Entries in lines, as `ls -l` writes them. */
import type { FtpEntry } from "../../client/verbs/listing.js";
import { escapeHostile } from "../../protocol/text.js";
import type { Terminal } from "../terminal.js";
import { type Paint, painter } from "./colours.js";
import { humanSize, listTime, nameFor } from "./formatting.js";

export interface LineOptions {
  /** Sizes with units. */
  readonly human?: boolean | undefined;
  /** Names and nothing else. */
  readonly names?: boolean | undefined;
}

/** A short listing at once. */
export function listingLines(entries: readonly FtpEntry[], o: LineOptions, terminal: Terminal): string {
  return new ListingFormat(entries, o, terminal).lines(entries);
}

type Cell = (entry: FtpEntry) => string;

/** One listing: its columns are as wide as its entries need; one that no entry has anything for is left out. */
export class ListingFormat {
  readonly #terminal: Terminal;
  readonly #paint: Paint;
  readonly #names: boolean;
  readonly #columns: readonly { readonly text: Cell; readonly width: number; readonly right: boolean }[];

  constructor(
    entries: readonly FtpEntry[],
    { human = false, names = false }: LineOptions,
    terminal: Terminal,
  ) {
    const now = Date.now();
    const cells: readonly Cell[] = [
      modeText,
      ({ owner = "" }) => escapeHostile(owner),
      ({ group = "" }) => escapeHostile(group),
      (entry) => sizeText(entry, human),
      ({ modified, precision }) => (modified === undefined ? "" : listTime(modified, now, precision)),
    ];
    this.#terminal = terminal;
    this.#paint = painter(terminal);
    this.#names = names;
    this.#columns = (names ? [] : cells)
      .map((text, n) => ({ text, width: widest(entries, text), right: n === SIZE_COLUMN }))
      .filter(({ width }) => width > 0);
  }

  /** A line for each of some of them. */
  lines(entries: readonly FtpEntry[]): string {
    return entries.map((entry) => `${this.#cells(entry)}${this.#name(entry)}\n`).join("");
  }

  #cells(entry: FtpEntry): string {
    return this.#columns
      .map(({ text, width, right }) => `${right ? text(entry).padStart(width) : text(entry).padEnd(width)}  `)
      .join("");
  }

  #name(entry: FtpEntry): string {
    const { output } = this.#terminal;
    const name = this.#paint(nameFor(output, entry.name), entry);
    const leads = !this.#names && entry.target !== undefined;
    return leads ? `${name} -> ${nameFor(output, entry.target ?? "")}` : name;
  }
}

const SIZE_COLUMN = 3;

function widest(entries: readonly FtpEntry[], text: Cell): number {
  return entries.reduce((width, entry) => Math.max(width, text(entry).length), 0);
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

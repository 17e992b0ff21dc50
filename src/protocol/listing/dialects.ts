/** LIST in whatever dialect a server writes it: the first line that is understood decides for the whole listing. */
import { dosReader } from "./dos.js";
import { eplfReader } from "./eplf.js";
import type { LineReader, ListedLine } from "./line.js";
import { mvsReader } from "./mvs.js";
import { netwareReader } from "./netware.js";
import { nonstopReader } from "./nonstop.js";
import { os9Reader } from "./os9.js";
import { os400Reader } from "./os400.js";
import { parseUnixLine } from "./unix-parse.js";
import { vmsReader } from "./vms.js";
import { zvmReader } from "./zvm.js";

/** In the order in which they are tried: those with the surest marks first. */
const READERS = {
  unix:
    (now: number): LineReader =>
    (line) =>
      parseUnixLine(line, now),
  dos: dosReader,
  eplf: eplfReader,
  netware: netwareReader,
  vms: vmsReader,
  os400: os400Reader,
  nonstop: nonstopReader,
  zvm: zvmReader,
  os9: os9Reader,
  mvs: mvsReader,
} as const satisfies Readonly<Record<string, (now: number) => LineReader>>;

export type ListingDialect = keyof typeof READERS;

export const LISTING_DIALECTS: readonly ListingDialect[] = Object.keys(READERS) as ListingDialect[];

/** Reads one listing, line by line; each line costs time in proportion to its length. */
export class ListingReader {
  #candidates: readonly { readonly dialect: ListingDialect; readonly read: LineReader }[];
  #decided = false;

  /** `now`: milliseconds since the epoch, for times without a year. `dialect`: when it is known. */
  constructor({ now, dialect }: { readonly now: number; readonly dialect?: ListingDialect | undefined }) {
    const names = dialect === undefined ? LISTING_DIALECTS : [dialect];
    this.#candidates = names.map((name) => ({ dialect: name, read: READERS[name](now) }));
    this.#decided = dialect !== undefined;
  }

  /** What the lines so far are written in. */
  get dialect(): ListingDialect | undefined {
    return this.#decided ? this.#candidates[0]?.dialect : undefined;
  }

  /** A line without its end. Undefined for what is no entry: headings, totals, and what nobody understands. */
  read(line: string): ListedLine | undefined {
    for (const candidate of this.#candidates) {
      const answer = candidate.read(line);
      if (answer === undefined) continue;
      if (answer === "more") return undefined;
      this.#candidates = [candidate];
      this.#decided = true;
      return answer === "heading" ? undefined : answer;
    }
    return undefined;
  }
}

/** Lines of the progress display: what there is room for, best first, in columns that stay where they are. */
import { displayWidth, fitMiddle, padTo } from "../text-width.js";
import { humanSize } from "./formatting.js";
import { durationText, rateText } from "./quantities.js";

export interface ProgressRow {
  /** Safe for a terminal. */
  readonly name: string;
  readonly bytes: number;
  /** When known. */
  readonly total: number | undefined;
  /** Bytes per second. */
  readonly rate: number;
  /** Milliseconds; undefined when it cannot be told. */
  readonly eta: number | undefined;
}

type Field = "bar" | "percent" | "bytes" | "total" | "rate" | "eta";

/** Columns of each, with those between it and what stands before; a bar has at least these. */
const WIDTHS: Readonly<Record<Field, number>> = {
  bar: 13,
  percent: 5,
  bytes: 10,
  total: 12,
  rate: 12,
  eta: 9,
};

/** From the widest terminal to the narrowest. */
const LAYOUTS: readonly (readonly Field[])[] = [
  ["bar", "percent", "bytes", "total", "rate", "eta"],
  ["bar", "percent", "bytes", "rate", "eta"],
  ["percent", "bytes", "rate", "eta"],
  ["percent", "rate", "eta"],
  ["percent", "rate"],
  ["percent"],
];

const LONGEST_BAR = 34;
/** A name that is shorter than this says too little. */
const SHORTEST_NAME = 12;

/** Lines below each other, each narrower than `columns`: a terminal may wrap one that is as wide. */
export function progressLines(rows: readonly ProgressRow[], columns: number): string[] {
  const room = Math.max(0, columns - 1);
  const longest = Math.max(0, ...rows.map(({ name }) => displayWidth(name)));
  const least = Math.min(longest, Math.max(SHORTEST_NAME, Math.floor(room / 4)));
  const layout = LAYOUTS.find((fields) => least + widthOf(fields) <= room) ?? [];
  const nameWidth = Math.min(longest, room - widthOf(layout));
  const barWidth = Math.min(LONGEST_BAR, WIDTHS.bar + room - widthOf(layout) - nameWidth);
  return rows.map((row) => {
    const name = padTo(fitMiddle(row.name, nameWidth), nameWidth);
    return (name + layout.map((field) => fieldText(field, row, barWidth)).join("")).trimEnd();
  });
}

function widthOf(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + WIDTHS[field], 0);
}

function fieldText(field: Field, { bytes, total, rate, eta }: ProgressRow, barWidth: number): string {
  const part = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, bytes / total);
  switch (field) {
    case "bar":
      return ` ${barText(part, barWidth - 1)}`;
    case "percent":
      // 100% is said of what is whole, not of what is nearly so.
      return (part === undefined ? "" : `${Math.floor(part * 100)}%`).padStart(WIDTHS.percent);
    case "bytes":
      return humanSize(bytes).padStart(WIDTHS.bytes);
    case "total":
      return (total === undefined ? "" : ` of ${humanSize(total)}`).padEnd(WIDTHS.total);
    case "rate":
      return rateText(rate).padStart(WIDTHS.rate);
    case "eta":
      return (eta === undefined ? "" : durationText(eta)).padStart(WIDTHS.eta);
  }
}

function barText(part: number | undefined, width: number): string {
  if (part === undefined) return " ".repeat(width);
  const inner = width - 2;
  const done = Math.floor(part * inner);
  const filled = done === inner ? "=".repeat(inner) : `${"=".repeat(done)}>`;
  return `[${filled.padEnd(inner)}]`;
}

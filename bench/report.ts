/** Samples into a table for people and an object for programs. */
import type { Row, Sample } from "./rows.js";

export interface Result {
  readonly row: Row;
  /** By server, in the order of the rounds. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

const BASE = "vsftpd";

export function table(results: readonly Result[]): string {
  const servers = [...new Set(results.flatMap(({ samples }) => [...samples.keys()]))];
  const head = ["workload", "unit", ...servers, ...(servers.length > 1 ? [`x ${BASE}`] : [])];
  const body = results.map(({ row, samples }) => [
    row.title,
    row.unit,
    ...servers.map((server) => cell(row, samples.get(server) ?? [])),
    ...(servers.length > 1 ? [number(ratio(row, samples, "ferry")) ?? "-"] : []),
  ]);
  return markdown([head, ...body]);
}

export function json(results: readonly Result[], about: Readonly<Record<string, unknown>>): string {
  const rows = results.map(({ row, samples }) => ({
    name: row.name,
    title: row.title,
    unit: row.unit,
    better: row.better,
    costUnit: row.costUnit,
    ratio: ratio(row, samples, "ferry"),
    servers: Object.fromEntries(
      [...samples].map(([server, list]) => [
        server,
        { median: median(list.map(({ value }) => value)), cost: median(costs(list)), samples: list },
      ]),
    ),
  }));
  return `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`;
}

/** "median (least..most) cost". */
function cell({ costUnit }: Row, samples: readonly Sample[]): string {
  const values = samples.map(({ value }) => value);
  const middle = number(median(values));
  if (middle === undefined) return "-";
  const range = `(${number(Math.min(...values))}..${number(Math.max(...values))})`;
  const cost = number(median(costs(samples)));
  return cost === undefined ? `${middle} ${range}` : `${middle} ${range}, ${cost} ${costUnit}`;
}

/** The median of the rounds' ratios, each of two samples taken one after the other; above 1 is better than vsftpd. */
function ratio({ better }: Row, samples: Result["samples"], server: string): number | undefined {
  const base = samples.get(BASE) ?? [];
  const ratios = (samples.get(server) ?? []).flatMap(({ value }, round) => {
    const other = base[round]?.value;
    if (other === undefined) return [];
    return [better === "more" ? value / other : other / value];
  });
  return median(ratios);
}

function costs(samples: readonly Sample[]): number[] {
  return samples.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function number(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2);
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head, " "), line([], "-"), ...body.map((cells) => line(cells, " "))].join("\n");
}

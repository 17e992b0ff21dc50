/** Samples into a table for people and an object for programs. */

export interface Sample {
  readonly value: number;
  /** Processor time of who is measured, in the row's `costUnit`. */
  readonly cost?: number;
}

/** What a row is called, and which way is better. */
export interface Reported {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly costUnit?: string;
}

export interface Result {
  readonly row: Reported;
  /** By contestant, in the order of the rounds. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

/** Each of ours is compared with the best of the others. */
export interface Compared {
  readonly ours: readonly string[];
  readonly peers: readonly string[];
}

export function table(results: readonly Result[], { ours, peers }: Compared): string {
  const all = [...new Set(results.flatMap(({ samples }) => [...samples.keys()]))];
  const compared = all.some((name) => peers.includes(name)) ? ours.filter((name) => all.includes(name)) : [];
  const base = peers.length === 1 ? peers[0] : "the best";
  const head = ["workload", "unit", ...all, ...compared.map((name) => `${name} x ${base}`)];
  const body = results.map(({ row, samples }) => [
    row.title,
    row.unit,
    ...all.map((name) => cell(row, samples.get(name) ?? [])),
    ...compared.map((name) => number(ratio(row, samples, name, peers)) ?? "-"),
  ]);
  return markdown([head, ...body]);
}

export function json(
  results: readonly Result[],
  about: Readonly<Record<string, unknown>>,
  { ours, peers }: Compared,
): string {
  const rows = results.map(({ row, samples }) => ({
    name: row.name,
    title: row.title,
    unit: row.unit,
    better: row.better,
    costUnit: row.costUnit,
    ratios: Object.fromEntries(ours.map((name) => [name, ratio(row, samples, name, peers)])),
    contestants: Object.fromEntries(
      [...samples].map(([name, list]) => [
        name,
        { median: median(list.map(({ value }) => value)), cost: median(costs(list)), samples: list },
      ]),
    ),
  }));
  return `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`;
}

/** "median (least..most) cost". */
function cell({ costUnit }: Reported, samples: readonly Sample[]): string {
  const values = samples.map(({ value }) => value);
  const middle = number(median(values));
  if (middle === undefined) return "-";
  const range = `(${number(Math.min(...values))}..${number(Math.max(...values))})`;
  const cost = number(median(costs(samples)));
  return cost === undefined ? `${middle} ${range}` : `${middle} ${range}, ${cost} ${costUnit}`;
}

/** The median of the rounds' ratios to the best of the peers in that round; above 1 is better than it. */
function ratio(
  { better }: Reported,
  samples: Result["samples"],
  name: string,
  peers: readonly string[],
): number | undefined {
  const ratios = (samples.get(name) ?? []).flatMap(({ value }, round) => {
    const others = peers.flatMap((peer) => samples.get(peer)?.[round]?.value ?? []);
    if (others.length === 0) return [];
    return [better === "more" ? value / Math.max(...others) : Math.min(...others) / value];
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

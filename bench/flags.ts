/** What the programs of this folder share: how they end, and how they read numbers. */

/** Prints the help when there is no plan; a failure is one line. */
export async function runBench<Plan>(
  help: string,
  readPlan: () => Plan | undefined,
  bench: (plan: Plan) => Promise<void>,
): Promise<void> {
  try {
    const plan = readPlan();
    if (plan === undefined) console.log(help);
    else await bench(plan);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

/** Reads counts: what was given, or one of two defaults. @throws Error for what is no count */
export function counts(isQuick: boolean) {
  return (given: string | undefined, ordinary: number, quick: number): number => {
    const number = given === undefined ? (isQuick ? quick : ordinary) : Number(given);
    if (!Number.isInteger(number) || number < 1) throw new Error(`not a count: ${given}`);
    return number;
  };
}

/** Those that were asked for by name, in their own order; all when nobody asked. @throws Error for unknown ones */
export function chosen<Row extends { readonly name: string }>(
  all: readonly Row[],
  names: string | undefined,
): Row[] {
  const wanted = names?.split(",") ?? all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !all.some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(", ")}`);
  return all.filter(({ name }) => wanted.includes(name));
}

/**
 * `npm run bench`: Ferry beside vsftpd in the same run, in rounds that take turns, because on a shared machine
 * only ratios within a run mean anything. The load generator is in this process, the servers in theirs.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Fixture, makeFixture, type Sizes } from "./fixture.js";
import { chosen, counts, runBench } from "./flags.js";
import { describeMachine } from "./machine.js";
import { startProftpd } from "./proftpd.js";
import { type Compared, json, type Result, type Sample, table } from "./report.js";
import { checkContent, type Row, rowsFor } from "./rows.js";
import { type Server, startFerry, startVsftpd } from "./servers.js";

const HELP = `npm run bench -- [flags]

  --quick           smaller sizes and two rounds: seconds instead of minutes
  --rows A,B        retr, stor, retr-small, stor-small, ftps-retr, ftps-stor, ftps-retr-small, list,
                    idle (all)
  --rounds N        of each row (5)
  --size N          MiB of the big file (1024)
  --files N         small files (2000)
  --entries N       in the listed directory (50000)
  --sessions N      idle sessions (1000)
  --servers A,B     ferry, vsftpd, proftpd (the first two)
  --ferry FILE      the program to measure: another checkout's dist/bin/ferry.js
  --seconds N       no further round begins after so long (240)
  --json FILE       all samples
`;

const COMPARED: Compared = { ours: ["ferry"], peers: ["vsftpd"] };

const project = fileURLToPath(new URL("../../", import.meta.url));

interface Plan {
  readonly sizes: Sizes;
  readonly rows: readonly Row[];
  readonly rounds: number;
  readonly servers: readonly string[];
  readonly ferry: string;
  readonly seconds: number;
  readonly json: string | undefined;
}

/** Undefined when there is no such server here. */
type Start = () => Promise<Server | undefined>;

interface Contestant {
  readonly server: Server;
  readonly start: Start;
}

await runBench(HELP, readPlan, bench);

function readPlan(): Plan | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      help: { type: "boolean" },
      quick: { type: "boolean" },
      rows: text,
      rounds: text,
      size: text,
      files: text,
      entries: text,
      sessions: text,
      servers: { ...text, default: "ferry,vsftpd" },
      ferry: { ...text, default: join(project, "dist", "bin", "ferry.js") },
      seconds: text,
      json: text,
    },
  });
  if (values.help === true) return undefined;
  const count = counts(values.quick === true);
  const sizes = {
    size: count(values.size, 1024, 128),
    files: count(values.files, 2000, 200),
    entries: count(values.entries, 50_000, 5000),
    sessions: count(values.sessions, 1000, 100),
  };
  const all = rowsFor(sizes);
  return {
    sizes,
    rows: chosen(all, values.rows),
    rounds: count(values.rounds, 5, 2),
    servers: values.servers.split(","),
    ferry: values.ferry,
    seconds: count(values.seconds, 240, 60),
    json: values.json,
  };
}

async function bench(plan: Plan): Promise<void> {
  const fixture = await makeFixture(plan.sizes);
  const running = new Set<Server>();
  process.once("SIGINT", () => process.exit(130));
  try {
    const servers: Contestant[] = [];
    for (const name of plan.servers) {
      const start = startOf(name, plan, fixture);
      const server = await start();
      if (server === undefined) continue;
      running.add(server);
      await checkContent(server, fixture.sample);
      servers.push({ server, start });
    }
    const deadline = performance.now() + plan.seconds * 1000;
    const results: Result[] = [];
    for (const row of plan.rows) results.push(await runRow(row, plan.rounds, servers, deadline));
    const about = describeMachine();
    console.log(`${Object.values(about).join("; ")}\n\n${table(results, COMPARED)}`);
    if (plan.json !== undefined)
      writeFileSync(plan.json, json(results, { ...about, sizes: plan.sizes }, COMPARED));
  } finally {
    await Promise.all([...running].map((server) => server.stop()));
  }
}

function startOf(name: string, plan: Plan, { root, folder, certificate }: Fixture): Start {
  if (name === "ferry") return () => startFerry(plan.ferry, root, certificate);
  if (name === "vsftpd") return () => startVsftpd(root, { folder, certificate });
  if (name === "proftpd") return () => startProftpd(root, { folder, certificate });
  throw new Error(`no such server: ${name}`);
}

async function runRow(
  row: Row,
  rounds: number,
  servers: readonly Contestant[],
  deadline: number,
): Promise<Result> {
  const samples = new Map(servers.map(({ server }) => [server.name, [] as Sample[]]));
  for (let round = 0; round < Math.min(rounds, row.mostRounds ?? rounds); round++) {
    if (round > 0 && performance.now() > deadline) break;
    // Who comes first changes: a first one may find colder caches.
    const order = round % 2 === 0 ? servers : [...servers].reverse();
    for (const contestant of order) {
      const sample = await runOnce(row, contestant);
      samples.get(contestant.server.name)?.push(sample);
      const shown = `${sample.value.toPrecision(4)} ${row.unit}`;
      console.error(`${row.title}, round ${round + 1}: ${contestant.server.name} ${shown}`);
    }
  }
  return { row, samples };
}

async function runOnce(row: Row, { server, start }: Contestant): Promise<Sample> {
  if (row.fresh !== true) return row.run(server);
  const own = await start();
  if (own === undefined) throw new Error(`${server.name} did not start again`);
  try {
    return await row.run(own);
  } finally {
    await own.stop();
  }
}

/**
 * `npm run bench -- client`: Ferry's client beside curl, lftp and basic-ftp, against the same servers in the same
 * run, in rounds that take turns. Every one of them is a process of its own.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Contestant, findContestants, type Task } from "./client-contestants.js";
import { type ClientRow, checkContestant, clientRows, prepareTree } from "./client-rows.js";
import { type Fixture, makeFixture } from "./fixture.js";
import { chosen, counts, runBench } from "./flags.js";
import { describeMachine } from "./machine.js";
import { json, type Result, type Sample, table } from "./report.js";
import { type Server, startFerry, startVsftpd } from "./servers.js";

const HELP = `npm run bench -- client [flags]

  --quick           smaller sizes and two rounds: seconds instead of minutes
  --rows A,B        get, put, mirror-down, mirror-up, tls-get, tls-put, tls-mirror-down, tls-mirror-up (all)
  --rounds N        of each row (5)
  --size N          MiB of the big file (1024)
  --files N         of the mirrored folder (5000)
  --servers A,B     vsftpd, ferry (both)
  --clients A,B     ferry-library, ferry-command, curl, lftp, basic-ftp (all)
  --seconds N       no further round begins after so long (900)
  --json FILE       all samples

Libraries are timed in their process, from connecting to closing; programs from their start to their end.
`;

const project = fileURLToPath(new URL("../../", import.meta.url));

interface Plan {
  readonly size: number;
  readonly files: number;
  readonly rows: readonly ClientRow[];
  readonly rounds: number;
  readonly servers: readonly string[];
  readonly clients: readonly string[] | undefined;
  readonly seconds: number;
  readonly json: string | undefined;
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
      servers: { ...text, default: "vsftpd,ferry" },
      clients: text,
      seconds: text,
      json: text,
    },
  });
  if (values.help === true) return undefined;
  const count = counts(values.quick === true);
  const size = count(values.size, 1024, 128);
  const files = count(values.files, 5000, 500);
  const all = clientRows({ size, files });
  return {
    size,
    files,
    rows: chosen(all, values.rows),
    rounds: count(values.rounds, 5, 2),
    servers: values.servers.split(","),
    clients: values.clients?.split(","),
    seconds: count(values.seconds, 900, 120),
    json: values.json,
  };
}

async function bench(plan: Plan): Promise<void> {
  const fixture = await makeFixture({ size: plan.size, files: 1, entries: 1, sessions: 1 });
  prepareTree(fixture, plan.files);
  process.once("SIGINT", () => process.exit(130));
  const contestants = findContestants(project, plan.clients);
  const running = new Set<Server>();
  try {
    const results: Result[] = [];
    const deadline = performance.now() + plan.seconds * 1000;
    for (const name of plan.servers) {
      const server = await start(name, fixture);
      if (server === undefined) continue;
      running.add(server);
      const secure = [...new Set(plan.rows.map((row) => row.secure))];
      for (const contestant of contestants) await checkContestant(contestant, { server, fixture, secure });
      for (const row of plan.rows) {
        results.push(await runRow(row, { plan, server, fixture, deadline }, contestants));
      }
    }
    const about = describeMachine();
    const names = contestants.map((contestant) => contestant.name);
    const ours = names.filter((name) => name.startsWith("ferry"));
    const peers = names.filter((name) => !name.startsWith("ferry"));
    console.log(`${Object.values(about).join("; ")}\n\n${table(results, { ours, peers })}`);
    if (plan.json !== undefined) {
      const sizes = { size: plan.size, files: plan.files };
      writeFileSync(plan.json, json(results, { ...about, sizes }, { ours, peers }));
    }
  } finally {
    await Promise.all([...running].map((server) => server.stop()));
  }
}

async function start(name: string, { root, folder, certificate }: Fixture): Promise<Server | undefined> {
  if (name === "ferry") return startFerry(join(project, "dist", "bin", "ferry.js"), root, certificate);
  if (name === "vsftpd") return startVsftpd(root, { folder, certificate });
  throw new Error(`no such server: ${name}`);
}

interface Round {
  readonly plan: Plan;
  readonly server: Server;
  readonly fixture: Fixture;
  readonly deadline: number;
}

async function runRow(
  row: ClientRow,
  { plan, server, fixture, deadline }: Round,
  all: readonly Contestant[],
): Promise<Result> {
  const contestants = all.filter((contestant) => contestant.can(row.kind));
  const samples = new Map(contestants.map(({ name }) => [name, [] as Sample[]]));
  const title = `${server.name}: ${row.title}`;
  for (let round = 0; round < plan.rounds; round++) {
    if (round > 0 && performance.now() > deadline) break;
    // Who comes first changes: a first one may find colder caches.
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order.filter(({ name }) => samples.has(name))) {
      const task: Task = row.task(server, fixture);
      const name = `${title}, round ${round + 1}: ${contestant.name}`;
      try {
        const { seconds, processorTime } = await contestant.run(task);
        row.check(task);
        const sample = { value: row.amount / seconds, cost: processorTime * row.costScale };
        samples.get(contestant.name)?.push(sample);
        console.error(`${name} ${sample.value.toPrecision(4)} ${row.unit}`);
      } catch (error) {
        if (contestant.name.startsWith("ferry")) throw error;
        // lftp's TLS breaks off now and then: that is no reason to lose the other numbers.
        samples.delete(contestant.name);
        rmSync(task.copy, { recursive: true, force: true });
        console.error(`${name} failed and is left out: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  return { row: { ...row, title }, samples };
}

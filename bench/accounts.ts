/**
 * `npm run bench -- accounts [--quick]`: logins per second by where accounts are kept and what a hash costs; how
 * long a NOOP of another session takes under 100 logins at once; and whether the time of a failed login tells
 * that the name exists. Servers run in processes of their own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type AccountRecord,
  type AccountStore,
  FileAccounts,
  FileDirectory,
  MemoryAccounts,
  Passwords,
} from "ferry/accounts";
import { MongoAccounts, MongoDirectory } from "ferry/accounts/mongodb";
import { FtpServer } from "ferry/server";
import { MemoryTree } from "ferry/storage/memory";
import { type TestDatabase, testServers } from "../test/support/database.js";
import { Control } from "./control.js";

const KINDS = ["memory", "file", "mongodb"] as const;
type Kind = (typeof KINDS)[number];
const COSTS = { default: {}, "64 KiB": { memory: 64, passes: 1 } } as const;
type Cost = keyof typeof COSTS;

const HOST = "127.0.0.1";
const PASSWORD = "correct horse";
const MANY = 1_000_000;

const [mode = "", ...rest] = process.argv.slice(2);
if (mode === "serve") await serve(rest[0] as Kind, rest[1] as Cost, rest[2] ?? "");
else await measureAll([mode, ...rest].includes("--quick"));

async function openStore(kind: Kind, passwords: Passwords, place: string): Promise<AccountStore> {
  const tree = new MemoryTree();
  const openStorage = async (_home: string, account: string) => tree.storageFor(account);
  if (kind === "file") return FileAccounts.open({ file: place, openStorage, passwords });
  if (kind === "mongodb") return MongoAccounts.open({ url: place, openStorage, passwords });
  const passwordHash = await passwords.hash(PASSWORD);
  const storage = () => tree.storageFor("bench");
  return new MemoryAccounts([{ name: "bench", passwordHash, storage }], { passwords });
}

/** In a process of its own; ends with its standard input. */
async function serve(kind: Kind, cost: Cost, place: string): Promise<void> {
  const accounts = await openStore(kind, new Passwords({ cost: COSTS[cost] }), place);
  const limits = { sessions: MANY, sessionsPerAddress: MANY, sessionsPerAccount: MANY };
  const server = new FtpServer({ accounts, limits });
  const [address] = await server.listen({ hosts: [HOST], port: 0 });
  console.log(address?.port);
  process.stdin.resume().once("end", async () => {
    await server.destroy();
    await accounts.close?.();
    process.exit(0);
  });
}

/** Where accounts are kept; `database` for those in MongoDB. */
interface Kept {
  readonly kind: Kind;
  readonly name: string;
  readonly database?: TestDatabase;
}

async function measureAll(quick: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ferry-bench-accounts-"));
  const kinds: Kept[] = [
    { kind: "memory", name: "memory" },
    { kind: "file", name: "file" },
  ];
  for (const server of testServers.filter(({ skip }) => skip === false)) {
    kinds.push({ kind: "mongodb", name: `mongodb (${server.name})`, database: await server.start() });
  }
  try {
    console.log("| Accounts in | Cost | Logins/s | NOOP under 100 logins, ms: median | p99 | worst |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const cost of Object.keys(COSTS) as Cost[]) {
      for (const kind of kinds) {
        const place = await prepare(kind, cost, folder);
        console.log(await measureServer(kind, cost, place, quick));
      }
    }
    console.log("\n| Accounts in | Wrong password, ms: known name | unknown name | difference, 95 % |");
    console.log("| --- | --- | --- | --- |");
    for (const kind of kinds) {
      const place = await prepare(kind, "64 KiB", folder);
      console.log(await measureTiming(kind, place, quick ? 300 : 2000));
    }
    for (const { skip } of testServers) if (skip !== false) console.log(`\nwithout MongoDB: ${skip}`);
  } finally {
    for (const { database } of kinds) await database?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare({ kind, database }: Kept, cost: Cost, folder: string): Promise<string> {
  if (kind === "memory") return "";
  const place = kind === "file" ? join(folder, `${cost.replace(/\W/g, "")}.json`) : (database?.url() ?? "");
  const directory = kind === "file" ? new FileDirectory(place) : await MongoDirectory.open(place);
  const now = new Date().toISOString();
  const record: AccountRecord = {
    name: "bench",
    password: await new Passwords({ cost: COSTS[cost] }).hash(PASSWORD),
    home: "/srv",
    permissions: "all",
    limits: {},
    disabled: false,
    created: now,
    changed: now,
  };
  await directory.create(record);
  await directory.close();
  return place;
}

async function measureServer(
  { kind, name }: Kept,
  cost: Cost,
  place: string,
  quick: boolean,
): Promise<string> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [program, "serve", kind, cost, place], {
    stdio: ["pipe", "pipe", "inherit"],
    // It needs no server of its own.
    env: { ...process.env, FERRY_TEST_DATABASE: "none" },
  });
  const [port] = await once(createInterface(child.stdout), "line");
  const target = { host: HOST, port: Number(port), user: "bench", password: PASSWORD };
  const login = async (): Promise<void> => (await Control.login(target)).quit();
  await login();

  const seconds = quick ? 2 : 8;
  const end = performance.now() + seconds * 1000;
  let logins = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() < end) {
        await login();
        logins += 1;
      }
    }),
  );

  const other = await Control.login(target);
  const times: number[] = [];
  let busy = true;
  const many = Promise.all(Array.from({ length: 100 }, login)).finally(() => {
    busy = false;
  });
  while (busy) {
    const start = performance.now();
    await other.send("NOOP", 200);
    times.push(performance.now() - start);
    // One at a time, as a client that waits: not a load of its own.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await many;
  await other.quit();
  child.stdin.end();
  await once(child, "exit");
  times.sort((a, b) => a - b);
  const at = (part: number): string => (times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1);
  return `| ${name} | ${cost} | ${Math.round(logins / seconds)} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`;
}

/** In turns, so that what else the machine does falls on both alike. */
async function measureTiming({ kind, name: shown }: Kept, place: string, count: number): Promise<string> {
  const store = await openStore(kind, new Passwords({ cost: COSTS["64 KiB"] }), place);
  const time = async (name: string): Promise<number> => {
    const peer = { address: "192.0.2.7", port: 50_000 };
    const { signal } = new AbortController();
    const start = performance.now();
    await store.authenticate({ name, password: "wrong", peer, local: peer, signal });
    return performance.now() - start;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let n = 0; n < count + 50; n++) {
    const pair = n % 2 === 0 ? [known, unknown] : [unknown, known];
    for (const list of pair) list.push(await time(list === known ? "bench" : "nobody"));
  }
  await store.close?.();
  // The first ones warm up; the slowest tenth is other work of the machine.
  const settled = (list: number[]): number[] =>
    list
      .slice(50)
      .sort((a, b) => a - b)
      .slice(0, Math.floor(count * 0.9));
  const [one, other] = [statistics(settled(known)), statistics(settled(unknown))];
  const error = 1.96 * Math.sqrt(one.variance / one.count + other.variance / other.count);
  const difference = `${((other.mean - one.mean) * 1000).toFixed(1)} ± ${(error * 1000).toFixed(1)} µs`;
  return `| ${shown} | ${one.mean.toFixed(3)} | ${other.mean.toFixed(3)} | ${difference} |`;
}

function statistics(list: readonly number[]): { count: number; mean: number; variance: number } {
  const mean = list.reduce((sum, each) => sum + each, 0) / list.length;
  const variance = list.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (list.length - 1);
  return { count: list.length, mean, variance };
}

/** Servers and commands of `ferry` as processes of their own, on one database. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  type Account,
  type AccountLease,
  type AccountRecord,
  type LoginAttempt,
  Passwords,
} from "ferry/accounts";
import { MongoAccounts, type MongoAccountsOptions, MongoDirectory } from "ferry/accounts/mongodb";
import { MemoryTree } from "ferry/storage/memory";
import { RawClient } from "ferry/testing";
import { type ProgramEnded, runProgram } from "../support/program.js";
import { projectFolder } from "../support/project.js";

const MAIN = join(projectFolder, "dist", "bin", "ferry.js");

/** Cheap hashes: there are many logins. */
export const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });

export function ferry(commandLine: readonly string[], input?: string): Promise<ProgramEnded> {
  return runProgram(process.execPath, [MAIN, ...commandLine], input === undefined ? {} : { input });
}

export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "ferry-mongodb-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** `ferry serve --accounts …`, ready for clients. */
export class ServingProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #log: string[];

  private constructor(child: ChildProcess, port: number, log: string[]) {
    this.#child = child;
    this.port = port;
    this.#log = log;
  }

  static async start(root: string, accounts: string, ...flags: readonly string[]): Promise<ServingProcess> {
    const o = ["serve", root, "--port", "0", "--host", "127.0.0.1", "--accounts", accounts, "--log", "json"];
    const child = spawn(process.execPath, [MAIN, ...o, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    const log: string[] = [];
    createInterface(child.stderr).on("line", (line) => log.push(line));
    const lines = createInterface(child.stdout);
    const ready = once(lines, "line").then(([line]) => String(line));
    const ended = once(child, "exit").then(([code]) => `exit code ${code}`);
    const first = await Promise.race([ready, ended]);
    const port = /ftp:\/\/127\.0\.0\.1:(\d+)/.exec(first)?.[1];
    if (port === undefined) throw new Error(`${first}\n${log.join("\n")}`);
    return new ServingProcess(child, Number(port), log);
  }

  get log(): string {
    return this.#log.join("\n");
  }

  connect(): Promise<RawClient> {
    return RawClient.connect({ host: "127.0.0.1", port: this.port });
  }

  async loggedIn(name: string, password: string): Promise<RawClient> {
    const client = await this.connect();
    await client.reply();
    const code = await logIn(client, name, password);
    if (code !== 230) throw new Error(`${name} was answered ${code}\n${this.log}`);
    return client;
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** The exit code. */
  async stop(): Promise<unknown> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    return (await ended)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** The code that answers PASS. */
export async function logIn(
  client: RawClient,
  name: string,
  password = `${name}'s password`,
): Promise<number> {
  await client.expect(`USER ${name}`, 331);
  return (await client.command(`PASS ${password}`)).code;
}

export async function record(name: string, more: Partial<AccountRecord> = {}): Promise<AccountRecord> {
  const now = new Date().toISOString();
  return {
    name,
    password: await passwords.hash(`${name}'s password`),
    home: "/srv",
    permissions: "all",
    limits: {},
    disabled: false,
    created: now,
    changed: now,
    ...more,
  };
}

/** Makes accounts named like the keys, whose passwords are "NAME's password". */
export async function fill(url: string, accounts: Record<string, Partial<AccountRecord>>): Promise<void> {
  const directory = await MongoDirectory.open(url);
  for (const [name, more] of Object.entries(accounts)) await directory.create(await record(name, more));
  await directory.close();
}

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: MongoAccounts;
  readonly tree: MemoryTree;
  readonly messages: readonly string[];
}

export async function openStore(url: string, o: Partial<MongoAccountsOptions> = {}): Promise<StoreUnderTest> {
  const tree = new MemoryTree();
  const messages: string[] = [];
  const store = await MongoAccounts.open({
    url,
    openStorage: async (_home, account) => tree.storageFor(account),
    passwords,
    log: (message) => messages.push(message),
    ...o,
  });
  return { store, tree, messages, [Symbol.asyncDispose]: () => store.close() };
}

export function attempt(name: string, password = `${name}'s password`): LoginAttempt {
  return {
    name,
    password,
    peer: { address: "192.0.2.7", port: 50_000 },
    local: { address: "192.0.2.1", port: 21 },
    signal: new AbortController().signal,
  };
}

let sessions = 0;

/** Logs in and opens a session. @throws with the refusal. */
export async function begin(
  store: MongoAccounts,
  name: string,
): Promise<{ readonly account: Account; readonly lease: AccountLease }> {
  const answer = await store.authenticate(attempt(name));
  if ("refused" in answer) throw new Error(answer.refused);
  sessions += 1;
  const lease = await store.open(answer.ok, {
    id: `s${sessions}`,
    peer: { address: "192.0.2.7", port: 50_000 },
  });
  if ("refused" in lease) throw new Error(lease.refused);
  return { account: answer.ok, lease };
}

/** Asks again and again, with turns of the loop between. @throws when it stays false for so many milliseconds. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patience = 10_000,
): Promise<void> {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > patience) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Real servers that speak MongoDB's protocol, as scripts/mongodb.mjs found them; see there. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import {
  type DatabaseProgram,
  type Operator,
  type Place,
  prepare,
  startProgram,
} from "./database-programs.js";
import { isOnCi } from "./program.js";
import { projectFolder } from "./project.js";

type Found = { readonly kind: "url"; readonly url: string } | DatabaseProgram;

/** One that tests run against. */
export class TestServer {
  readonly #found: Found | undefined;

  constructor(found: Found | undefined) {
    this.#found = found;
  }

  get name(): string {
    return this.#found?.kind ?? "no database";
  }

  /** For a test's `skip`. On CI nothing is skipped: there the test runs, and fails. */
  get skip(): string | false {
    const none = this.#found === undefined && !isOnCi();
    return none ? "no server that speaks MongoDB's protocol: see the first lines" : false;
  }

  /** Whether the tests may stop and start it. */
  get isOurs(): boolean {
    return this.#found?.kind !== "url";
  }

  /** Whether it can ask for a user and a password. */
  get hasUsers(): boolean {
    return this.#found?.kind === "mongod" || this.#found?.kind === "ferretdb";
  }

  /** Undefined for the one of FERRY_TEST_MONGODB_URL, which may be of any kind. */
  get hasChangeStreams(): boolean | undefined {
    if (this.#found?.kind === "url") return undefined;
    return this.#found?.kind === "mongod" || this.#found?.kind === "mongo-java-server";
  }

  /** With an operator, nobody else may use it. */
  async start(operator?: Operator): Promise<TestDatabase> {
    if (this.#found === undefined) throw new Error("no server that speaks MongoDB's protocol");
    return TestDatabase.start(this.#found, operator);
  }
}

/** Never empty: without any, one whose tests are skipped. */
export const testServers: readonly TestServer[] = find();

/** A server with an empty database for each `url()`. */
export class TestDatabase implements AsyncDisposable {
  readonly #found: Found;
  readonly #place: Place;
  #server: ChildProcess | undefined;
  readonly #made: string[] = [];

  private constructor(found: Found, place: Place) {
    this.#found = found;
    this.#place = place;
  }

  static async start(found: Found, operator?: Operator): Promise<TestDatabase> {
    const folder = mkdtempSync(join(tmpdir(), "ferry-database-"));
    const database = new TestDatabase(found, { folder, port: await freePort(), operator });
    await database.resume();
    return database;
  }

  /** Of a database that nobody else uses; for somebody else than the operator, where there is one. */
  url(user: Operator | undefined = this.#place.operator): string {
    const name = `ferry_test_${randomBytes(6).toString("hex")}`;
    const url = new URL(
      this.#found.kind === "url" ? this.#found.url : `mongodb://127.0.0.1:${this.#place.port}/`,
    );
    url.pathname = `/${name}`;
    if (user !== undefined) {
      url.username = user.name;
      url.password = user.password;
      url.searchParams.set("authSource", "admin");
    }
    this.#made.push(url.href);
    return url.href;
  }

  /** Ends the server as a crash does. */
  async pause(): Promise<void> {
    const server = this.#server;
    if (server === undefined || !this.#isRunning) return;
    const ended = once(server, "exit");
    server.stdin?.end();
    await ended;
  }

  /** It stands still, with its connections open, until it is thawed. Linux only. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#signal("SIGCONT");
  }

  #signal(name: NodeJS.Signals): void {
    const pid = this.#server?.pid ?? 0;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    // Below the shell, where there is one.
    const isShell = this.#found.kind === "mongod" || this.#found.kind === "ferretdb";
    process.kill(isShell ? Number(children[0]) : pid, name);
  }

  /** Starts it on the same port, with the same content, unless it runs. Resolves when it takes writes. */
  async resume(): Promise<void> {
    if (this.#found.kind === "url" || this.#isRunning) return;
    const server = startProgram(this.#found, this.#place);
    this.#server = server;
    server.stdin?.on("error", () => undefined);
    const ended = once(server, "exit").then(([code]) => {
      throw new Error(`the database server ended with ${code}`);
    });
    ended.catch(() => undefined);
    await Promise.race([prepare(this.#found, this.#place), ended]);
  }

  get #isRunning(): boolean {
    const server = this.#server;
    return server !== undefined && server.exitCode === null && server.signalCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const url of this.#found.kind === "url" ? this.#made : []) {
      const client = new MongoClient(url);
      await client.db().dropDatabase();
      await client.close();
    }
    await this.pause();
    rmSync(this.#place.folder, { recursive: true, force: true });
  }
}

function find(): readonly TestServer[] {
  const lines = (process.env.FERRY_TEST_DATABASE ?? ask()).split("\n");
  const found = lines.map(foundIn).filter((each) => each !== undefined);
  return found.length === 0 ? [new TestServer(undefined)] : found.map((each) => new TestServer(each));
}

function foundIn(line: string): Found | undefined {
  const [kind, what] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)];
  if (kind === "url") return { kind, url: what };
  const isProgram = kind === "mongod" || kind === "ferretdb" || kind === "mongo-java-server";
  return isProgram ? { kind, binary: what } : undefined;
}

function ask(): string {
  const script = join(projectFolder, "scripts", "mongodb.mjs");
  return execFileSync(process.execPath, [script], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

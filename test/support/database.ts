/** A real server that speaks MongoDB's protocol, as scripts/mongodb.mjs found one; see there. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MongoClient } from "mongodb";
import { isOnCi } from "./program.js";
import { projectFolder } from "./project.js";

type Found =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "mongod" | "ferretdb"; readonly binary: string };

const found = find();

/** For a test's `skip`. On CI nothing is skipped: there the test runs, and fails. */
export function unlessDatabase(): string | false {
  return found === undefined && !isOnCi()
    ? "no server that speaks MongoDB's protocol: see the first lines"
    : false;
}

/** For a test's `skip`: whether the tests may stop and start the server. */
export function unlessOwnDatabase(): string | false {
  if (found?.kind === "url") return "the server of FERRY_TEST_MONGODB_URL is not ours to stop";
  return unlessDatabase();
}

/** A server with an empty database for each `url()`. */
export class TestDatabase implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  #server: ChildProcess | undefined;
  readonly #made: string[] = [];

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  static async start(): Promise<TestDatabase> {
    const database = new TestDatabase(mkdtempSync(join(tmpdir(), "ferry-database-")), await freePort());
    await database.resume();
    return database;
  }

  /** Of a database that nobody else uses. */
  url(): string {
    const name = `ferry_test_${randomBytes(6).toString("hex")}`;
    if (found?.kind !== "url") return `mongodb://127.0.0.1:${this.#port}/${name}`;
    const url = new URL(found.url);
    url.pathname = `/${name}`;
    this.#made.push(url.href);
    return url.href;
  }

  /** Ends the server as a crash does. */
  async pause(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  }

  /** Starts it on the same port, with the same content. Resolves when it answers. */
  async resume(): Promise<void> {
    if (found === undefined) throw new Error("no server that speaks MongoDB's protocol");
    if (found.kind === "url") return;
    this.#server = found.kind === "mongod" ? this.#mongod(found.binary) : this.#ferretdb(found.binary);
    await this.#answers(this.#server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const url of this.#made) {
      const client = new MongoClient(url);
      await client.db().dropDatabase();
      await client.close();
    }
    await this.pause();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ferretdb(binary: string): ChildProcess {
    const o = ["-listen", `127.0.0.1:${this.#port}`, "-directory", this.#folder];
    // Its standard input ends with this process, and it does with that.
    return spawn(binary, o, { stdio: ["pipe", "ignore", "ignore"] });
  }

  #mongod(binary: string): ChildProcess {
    const o = ["--bind_ip", "127.0.0.1", "--port", String(this.#port), "--dbpath", this.#folder, "--quiet"];
    const server = spawn(binary, o, { stdio: ["ignore", "pipe", "ignore"] });
    // Read, or it stands still when the pipe is full.
    if (server.stdout !== null) createInterface(server.stdout).on("line", () => {});
    process.once("exit", () => server.kill("SIGKILL"));
    return server;
  }

  async #answers(server: ChildProcess): Promise<void> {
    const client = new MongoClient(`mongodb://127.0.0.1:${this.#port}/`, {
      serverSelectionTimeoutMS: 30_000,
    });
    const ended = once(server, "exit").then(([code]) => {
      throw new Error(`the database server ended with ${code}`);
    });
    try {
      await Promise.race([client.db("admin").command({ hello: 1 }), ended]);
    } finally {
      ended.catch(() => undefined);
      await client.close();
    }
  }
}

function find(): Found | undefined {
  const text = process.env.FERRY_TEST_DATABASE ?? ask();
  const [kind, what] = [text.slice(0, text.indexOf(" ")), text.slice(text.indexOf(" ") + 1)];
  if (kind === "url") return { kind, url: what };
  return kind === "mongod" || kind === "ferretdb" ? { kind, binary: what } : undefined;
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

/** A server's process with a port of its own; what it says goes to a file that a failure shows. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ProcessTree } from "../processes.js";

export const HOST = "127.0.0.1";

const ATTEMPTS = 5;
const PATIENCE = 15_000;

export interface DaemonCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export class Daemon {
  readonly port: number;
  readonly #log: string;
  readonly #child: ChildProcess;
  readonly #processes: ProcessTree;
  readonly #kill = () => this.#processes.kill();

  private constructor(child: ChildProcess, port: number, log: string) {
    if (child.pid === undefined) throw new Error("the server has no process");
    this.#child = child;
    this.port = port;
    this.#log = log;
    this.#processes = new ProcessTree(child.pid);
    // Sessions that are processes outlive the test otherwise, when it ends without saying so.
    process.once("exit", this.#kill);
  }

  /**
   * Resolves when it answers. A port that somebody else took meanwhile is no failure: another one is tried.
   * @param folder for the log
   * @throws Error with the server's log
   */
  static async start(folder: string, commandFor: (port: number) => DaemonCommand): Promise<Daemon> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const daemon = Daemon.#spawn(folder, port, commandFor(port));
      if (await daemon.#answers()) return daemon;
      const log = daemon.log;
      await daemon.stop();
      if (attempt === ATTEMPTS || !/in use/i.test(log)) throw new Error(`the server did not start: ${log}`);
    }
  }

  static #spawn(folder: string, port: number, command: DaemonCommand): Daemon {
    const log = join(folder, `log-${port}`);
    const file = openSync(log, "a");
    const child = spawn(command.program, command.arguments, {
      stdio: ["ignore", file, file],
      env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", ...command.env },
    });
    closeSync(file);
    child.on("error", () => {});
    return new Daemon(child, port, log);
  }

  get log(): string {
    const { exitCode, signalCode } = this.#child;
    const ended = exitCode ?? signalCode;
    return `${readFileSync(this.#log, "utf8")}${ended === null ? "" : `\nit ended: ${ended}`}`;
  }

  /** Asks the process itself for something. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Of a server with a process for each session. */
  killSessions(): void {
    this.#processes.killChildren();
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#kill();
    process.off("exit", this.#kill);
    if (exitCode === null && signalCode === null && this.#child.pid !== undefined) await ended;
  }

  async #answers(): Promise<boolean> {
    const deadline = Date.now() + PATIENCE;
    while (Date.now() < deadline && this.#child.exitCode === null && this.#child.signalCode === null) {
      if (await isAnswered(this.port)) return true;
      await delay(20);
    }
    return false;
  }
}

/** Whether whoever is there takes a connection; one with implicit TLS says nothing by itself. */
function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Of a moment ago: somebody else may take it. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

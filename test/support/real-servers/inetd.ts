/** What inetd does: starts a server for each connection, which is its standard input and output. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { ProcessTree } from "../processes.js";
import { HOST } from "./daemon.js";

export class Inetd {
  readonly #server: Server;
  readonly #sessions = new Set<ChildProcess>();
  readonly #log: string;

  private constructor(server: Server, log: string) {
    this.#server = server;
    this.#log = log;
  }

  static async start(o: {
    readonly program: string;
    readonly arguments: readonly string[];
    readonly env: NodeJS.ProcessEnv;
    readonly log: string;
    readonly maxSessions: number;
  }): Promise<Inetd> {
    const server = createServer({ pauseOnConnect: true });
    const inetd = new Inetd(server, o.log);
    server.on("connection", (socket) => {
      if (inetd.#sessions.size >= o.maxSessions) {
        socket.on("error", () => {});
        socket.resume().end("421 Too many sessions.\r\n");
        return;
      }
      const log = openSync(o.log, "a");
      const child = spawn(o.program, o.arguments, { stdio: [socket, socket, log], env: o.env });
      closeSync(log);
      // The process has it now; the end of ours does not end the connection.
      socket.destroy();
      inetd.#sessions.add(child);
      child.once("exit", () => inetd.#sessions.delete(child));
    });
    server.listen(0, HOST);
    await once(server, "listening");
    return inetd;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  killSessions(): void {
    for (const { pid } of this.#sessions) if (pid !== undefined) new ProcessTree(pid).kill();
  }

  async stop(): Promise<void> {
    const ended = [...this.#sessions].map((child) => once(child, "exit"));
    this.killSessions();
    await Promise.all([...ended, new Promise((resolve) => this.#server.close(resolve))]);
  }
}

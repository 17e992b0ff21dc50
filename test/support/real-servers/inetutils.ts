/**
 * The ftpd of GNU inetutils, the oldest of them. It takes connections from inetd: here the test is inetd. Its
 * accounts are those of /etc/passwd and /etc/shadow: libnss-wrapper gives it others.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { ProcessTree } from "../processes.js";
import { HOST } from "./daemon.js";
import { packaged, packagedLibraries } from "./packages.js";
import { OWNER, PASSWORD_HASH, RealFiles, RealServer, type RealServerKind, USER } from "./real-server.js";

/** Hours and minutes behind UTC, as POSIX writes zones: its LIST has local times, without saying so. */
const ZONE = "FERRY-5:45";

export const inetutils: RealServerKind = {
  name: "inetutils ftpd",
  abilities: {
    tls: ["off"],
    facts: false,
    setTimes: false,
    setMode: true,
    digests: [],
    resumes: [],
    backslashes: true,
    linksToFolders: "stay",
  },
  async start({ maxSessions = Number.POSITIVE_INFINITY } = {}) {
    const files = new RealFiles();
    const { uid, gid } = OWNER;
    const accounts = `root:x:0:0::/:/bin/sh\n${USER}:x:${uid}:${gid}::${files.root}:/bin/sh\n`;
    const env = {
      LD_PRELOAD: packaged("usr", "lib", libraryFolder(), "libnss_wrapper.so"),
      LD_LIBRARY_PATH: packagedLibraries(),
      NSS_WRAPPER_PASSWD: files.setting("passwd", accounts),
      NSS_WRAPPER_GROUP: files.setting("group", `root:x:0:\n${USER}:x:${gid}:\n`),
      NSS_WRAPPER_SHADOW: files.setting("shadow", `${USER}:${PASSWORD_HASH}:19000:0:99999:7:::\n`),
      PATH: process.env.PATH,
      TZ: ZONE,
    };
    const inetd = await Inetd.start({
      program: packaged("usr", "sbin", "ftpd"),
      arguments: ["--auth=default", "--umask=022"],
      env,
      log: files.setting("log", ""),
      maxSessions,
    });
    return new RealServer({ name: this.name, daemon: inetd, files });
  },
};

/** `x86_64-linux-gnu` and the like. */
function libraryFolder(): string {
  const found = packagedLibraries()
    .split(":")
    .map((path) => /\/usr\/lib\/([^/]+-linux-gnu[^/]*)$/.exec(path)?.[1])
    .find((name) => name !== undefined);
  return found ?? "";
}

/** Starts a process for each connection, which is its standard input and output. */
class Inetd {
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

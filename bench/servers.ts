/** The servers that are measured: Ferry as its users start it, and vsftpd for comparison; ProFTPD is in proftpd.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { ProcessTree } from "../test/support/processes.js";
import { freePort, HOST } from "../test/support/real-servers/daemon.js";
import { serverPackages } from "../test/support/real-servers/packages.js";
import { lines } from "../test/support/real-servers/real-server.js";
import {
  VSFTPD_USERS,
  vsftpdCommand,
  vsftpdSettings,
  vsftpdTls,
} from "../test/support/real-servers/vsftpd.js";
import type { Target } from "./control.js";

export interface Server {
  readonly name: string;
  readonly target: Target;
  readonly processes: ProcessTree;
  stop(): Promise<void>;
}

export { HOST };

/** As many sessions as the benchmark opens, from one address. */
const MANY = "100000";

export async function startFerry(program: string, root: string, certificate: string): Promise<Server> {
  const flags = ["--port", "0", "--host", HOST, "--user", "bench:bench", "--log", "silent"];
  flags.push("--tls-cert", certificate);
  const limits = ["--max-sessions", MANY, "--max-sessions-per-address", MANY];
  const child = spawn(process.execPath, [program, "serve", root, ...flags, ...limits], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await firstLine(child);
  const port = Number(/ftp:\/\/[^ ]*:(\d+)/.exec(line)?.[1]);
  if (!(port > 0)) throw new Error(`ferry did not say where it listens: ${line}`);
  return serverOf("ferry", child, { host: HOST, port, user: "bench", password: "bench" });
}

/** `folder` is for its settings; `certificate`: PEM file with the key. Undefined, with the reason on stderr, where vsftpd cannot be had. */
export async function startVsftpd(
  root: string,
  { folder, certificate }: { readonly folder: string; readonly certificate: string },
): Promise<Server | undefined> {
  if (serverPackages() === undefined) {
    console.error("vsftpd is not to be had by apt-get: measuring Ferry alone");
    return undefined;
  }
  const port = await freePort();
  const own = mkdtempSync(join(folder, "vsftpd-"));
  const settings = join(own, "vsftpd.conf");
  const empty = join(own, "empty");
  mkdirSync(empty);
  writeFileSync(settings, lines(settingsOf({ port, root, empty }, certificate), "="), { mode: 0o600 });
  const { program, arguments: flags, env } = vsftpdCommand(settings);
  const child = spawn(program, flags, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (!(await answers(port, child))) {
    console.error("vsftpd did not start: measuring Ferry alone");
    child.kill("SIGKILL");
    return undefined;
  }
  return serverOf("vsftpd", child, { host: HOST, port, user: "anonymous", password: "bench" });
}

/** As for the tests; any password, and ports that do not run out while closed connections linger. */
function settingsOf(o: Parameters<typeof vsftpdSettings>[0], certificate: string) {
  return {
    ...vsftpdSettings(o),
    ...vsftpdTls(certificate),
    no_anon_password: "YES",
    pasv_min_port: 30_000,
    pasv_max_port: 48_000,
    max_clients: 0,
    ...(process.getuid?.() === 0 ? VSFTPD_USERS : { run_as_launching_user: "YES" }),
  };
}

export function serverOf(name: string, child: ChildProcess, target: Target): Server {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.pid === undefined) throw new Error(`${name} has no process`);
  const processes = new ProcessTree(child.pid);
  const kill = () => processes.kill();
  process.once("exit", kill);
  return {
    name,
    target,
    processes,
    async stop() {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (stdout === null) return "";
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).once("line", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ferry ended with exit code ${code}`)));
  });
}

/** vsftpd says nothing when it is ready. */
export async function answers(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, HOST);
      socket.once("data", () => socket.destroy());
      socket.once("error", () => resolve(false));
      socket.once("close", (hadError) => resolve(!hadError));
    });
    if (connected) return true;
    await delay(50);
  }
  return false;
}

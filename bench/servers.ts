/** The servers that are measured: Ferry as its users start it, and vsftpd for comparison; ProFTPD is in proftpd.ts. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { ProcessTree } from "../test/support/processes.js";
import type { Target } from "./control.js";

export interface Server {
  readonly name: string;
  readonly target: Target;
  readonly processes: ProcessTree;
  stop(): Promise<void>;
}

export const HOST = "127.0.0.1";

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
  cache: string,
  root: string,
  { folder, certificate }: { readonly folder: string; readonly certificate: string },
): Promise<Server | undefined> {
  const found = findVsftpd() ?? fetchVsftpd(join(cache, "vsftpd"));
  if (found === undefined) return undefined;
  const port = await freePort();
  const own = mkdtempSync(join(folder, "vsftpd-"));
  const settings = join(own, "vsftpd.conf");
  const empty = join(own, "empty");
  mkdirSync(empty);
  writeFileSync(settings, vsftpdSettings(port, root, { empty, certificate }), { mode: 0o600 });
  const child = spawn(found.program, [settings], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, LD_LIBRARY_PATH: found.libraries },
  });
  if (!(await answers(port, child))) {
    console.error("vsftpd did not start: measuring Ferry alone");
    child.kill("SIGKILL");
    return undefined;
  }
  return serverOf("vsftpd", child, { host: HOST, port, user: "anonymous", password: "bench" });
}

function vsftpdSettings(
  port: number,
  root: string,
  { empty, certificate }: { readonly empty: string; readonly certificate: string },
): string {
  const asRoot = process.getuid?.() === 0;
  const settings = {
    listen: "YES",
    listen_address: HOST,
    listen_port: port,
    background: "NO",
    anonymous_enable: "YES",
    local_enable: "NO",
    no_anon_password: "YES",
    anon_root: root,
    allow_writeable_chroot: "YES",
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    anon_world_readable_only: "NO",
    secure_chroot_dir: empty,
    pasv_min_port: 30_000,
    pasv_max_port: 48_000,
    max_clients: 0,
    max_per_ip: 0,
    idle_session_timeout: 3600,
    xferlog_enable: "NO",
    ssl_enable: "YES",
    allow_anon_ssl: "YES",
    rsa_cert_file: certificate,
    ssl_ciphers: "HIGH",
    require_ssl_reuse: "YES",
    // Its filter knows the system calls of 2012 and kills the sessions on newer C libraries.
    seccomp_sandbox: "NO",
    // It goes to the account's home first, which must be there: nobody's is not.
    ...(asRoot ? { ftp_username: "daemon", nopriv_user: "nobody" } : { run_as_launching_user: "YES" }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

interface Vsftpd {
  readonly program: string;
  readonly libraries: string;
}

function findVsftpd(): Vsftpd | undefined {
  const program = ["/usr/sbin/vsftpd", "/usr/local/sbin/vsftpd"].find((path) => existsSync(path));
  return program === undefined ? undefined : { program, libraries: "" };
}

function fetchVsftpd(cache: string): Vsftpd | undefined {
  const program = join(cache, "usr", "sbin", "vsftpd");
  if (!existsSync(program)) unpack(cache, ["vsftpd", "libwrap0", "libnsl2", "libtirpc3"]);
  if (!existsSync(program)) {
    console.error("vsftpd is neither installed nor to be had by apt-get: measuring Ferry alone");
    return undefined;
  }
  return { program, libraries: librariesIn(cache) };
}

/** Unpacks Debian's packages without installing them: no account, no service, nothing outside the folder. */
export function unpack(folder: string, packages: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const inFolder = (name: string, ...words: string[]) =>
    spawnSync(name, words, { cwd: folder, stdio: "ignore" }).status === 0;
  const download = () => inFolder("apt-get", "download", ...packages);
  // Only root may fetch the lists of packages, which a new machine lacks.
  if (!download() && inFolder("apt-get", "update")) download();
  for (const file of readdirSync(folder)) if (file.endsWith(".deb")) inFolder("dpkg", "-x", file, ".");
}

/** For LD_LIBRARY_PATH. */
export function librariesIn(folder: string): string {
  const libraries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.includes(".so."))
    .map((entry) => entry.parentPath);
  return [...new Set(libraries)].join(":");
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

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
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

/** The clients that are measured: how each is asked to do a task, and what that took. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { processorTimeOfChildren } from "../test/support/processes.js";
import type { Target } from "./control.js";

export type TaskKind = "get" | "put" | "mirror-down" | "mirror-up";

/** Whole files and folders between paths on this machine and on the server. */
export interface Task {
  readonly kind: TaskKind;
  readonly secure: boolean;
  readonly target: Target;
  readonly remote: string;
  readonly local: string;
  /** What the task makes, on this machine either way. */
  readonly copy: string;
  /** Sessions at once, of a mirror. */
  readonly sessions: number;
}

export interface Spent {
  readonly seconds: number;
  /** Of the whole process, in seconds. */
  readonly processorTime: number;
}

export interface Contestant {
  readonly name: string;
  can(kind: TaskKind): boolean;
  run(task: Task): Promise<Spent>;
}

/** What a library's process is given as JSON: see library-ferry.ts and library-basic-ftp.ts. */
export interface LibraryTask extends Task {
  /** The folder that basic-ftp is installed in. */
  readonly library?: string;
}

const BASIC_FTP = "6.2.3";

const FILES: readonly TaskKind[] = ["get", "put"];
const ALL: readonly TaskKind[] = ["get", "put", "mirror-down", "mirror-up"];

/** Those that can be had here, with a line on stderr for each that cannot. */
export function findContestants(project: string, wanted: readonly string[] | undefined): Contestant[] {
  const makers: Readonly<Record<string, () => Contestant | undefined>> = {
    "ferry-library": () => library("ferry-library", ALL, join(project, "build/bench/library-ferry.js"), {}),
    "ferry-command": () => ferryCommand(join(project, "dist/bin/ferry.js")),
    curl: () => installed("curl", FILES, curlArguments),
    lftp: () => installed("lftp", ALL, (task) => ["--norc", "-c", lftpScript(task)]),
    "basic-ftp": () => basicFtp(project),
  };
  const names = wanted ?? Object.keys(makers);
  return names.flatMap((name) => {
    const make = makers[name];
    if (make === undefined) throw new Error(`no such client: ${name}`);
    const contestant = make();
    if (contestant === undefined) console.error(`${name} is not to be had here`);
    return contestant === undefined ? [] : [contestant];
  });
}

function installed(
  name: string,
  kinds: readonly TaskKind[],
  argumentsFor: (task: Task) => readonly string[],
): Contestant | undefined {
  if (spawnSync(name, ["--version"], { stdio: "ignore" }).status !== 0) return undefined;
  return program(name, kinds, name, argumentsFor);
}

function program(
  name: string,
  kinds: readonly TaskKind[],
  file: string,
  argumentsFor: (task: Task) => readonly string[],
): Contestant {
  return {
    name,
    can: (kind) => kinds.includes(kind),
    run: async (task) => (await runProcess(file, argumentsFor(task))).spent,
  };
}

/** Its process says how long the work took, without the start of Node.js. */
function library(
  name: string,
  kinds: readonly TaskKind[],
  file: string,
  more: Partial<LibraryTask>,
): Contestant {
  return {
    name,
    can: (kind) => kinds.includes(kind),
    async run(task) {
      const { output, spent } = await runProcess(process.execPath, [
        file,
        JSON.stringify({ ...task, ...more }),
      ]);
      const seconds = Number(output);
      if (!(seconds > 0)) throw new Error(`${name} did not say how long it took: ${output}`);
      return { ...spent, seconds };
    },
  };
}

function ferryCommand(main: string): Contestant | undefined {
  const { stdout } = spawnSync(process.execPath, [main, "--help"], { encoding: "utf8" });
  if (!/^ +get /m.test(stdout)) return undefined;
  return program("ferry-command", ALL, process.execPath, (task) => [main, ...ferryArguments(task)]);
}

function basicFtp(project: string): Contestant | undefined {
  const folder = join(project, ".cache", `basic-ftp-${BASIC_FTP}`);
  const package_ = join(folder, "node_modules", "basic-ftp");
  if (!existsSync(package_)) {
    // Only measured, never a dependency: it stays out of package.json.
    mkdirSync(folder, { recursive: true });
    const flags = ["--prefix", folder, "--no-save", "--no-package-lock", "--ignore-scripts"];
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    spawnSync(npm, ["install", ...flags, `basic-ftp@${BASIC_FTP}`], { stdio: "ignore" });
  }
  if (!existsSync(package_)) return undefined;
  const file = join(project, "build/bench/library-basic-ftp.js");
  return library("basic-ftp", FILES, file, { library: package_ });
}

function ferryArguments({ kind, secure, target, remote, local, sessions }: Task): string[] {
  const { host, port, user, password } = target;
  const url = `ftp://${user}:${password}@${host}:${port}/${remote}`;
  const tls = secure ? ["--tls", "explicit", "--insecure"] : ["--tls", "off"];
  if (kind === "get") return ["get", ...tls, "--quiet", url, local];
  if (kind === "put") return ["put", ...tls, "--quiet", local, url];
  const sides = kind === "mirror-down" ? [url, local] : [local, url];
  return ["mirror", ...tls, "--quiet", "-P", String(sessions), ...sides];
}

function curlArguments({ kind, secure, target, remote, local }: Task): string[] {
  const { host, port, user, password } = target;
  const url = `ftp://${host}:${port}/${remote}`;
  const flags = [
    "-q",
    "-sS",
    "--user",
    `${user}:${password}`,
    ...(secure ? ["--ssl-reqd", "--insecure"] : []),
  ];
  return kind === "get" ? [...flags, "-o", local, url] : [...flags, "-T", local, url];
}

function lftpScript({ kind, secure, target, remote, local, sessions }: Task): string {
  const { host, port, user, password } = target;
  const work = {
    get: `get ${remote} -o ${local}`,
    put: `put ${local} -o ${remote}`,
    // Modes are an extra command for each file, which Ferry does not send either.
    "mirror-down": `mirror --no-perms -P ${sessions} ${remote} ${local}`,
    "mirror-up": `mirror -R --no-perms -P ${sessions} ${local} ${remote}`,
  }[kind];
  const tls = secure
    ? "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:verify-certificate no"
    : "set ftp:ssl-allow no";
  return `set cmd:fail-exit yes; set xfer:clobber yes; ${tls}; open -u ${user},${password} -p ${port} ${host}; ${work}`;
}

async function runProcess(
  file: string,
  commandLine: readonly string[],
): Promise<{ readonly output: string; readonly spent: Spent }> {
  const before = processorTimeOfChildren();
  const start = performance.now();
  const child = spawn(file, commandLine, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`${file} ${commandLine.join(" ")}: exit code ${code}: ${errors}${output}`);
  return { output, spent: { seconds, processorTime: processorTimeOfChildren() - before } };
}

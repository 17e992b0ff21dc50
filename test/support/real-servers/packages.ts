/** Where scripts/servers.mjs unpacked the FTP servers of others. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isOnCi } from "../program.js";
import { projectFolder } from "../project.js";

const NONE = "none";

let found: string | undefined;

/** The folder with `usr/` and the like in it; undefined when they cannot be had on this machine. */
export function serverPackages(): string | undefined {
  found ??= process.env.FERRY_TEST_SERVERS ?? fetch();
  return found === NONE ? undefined : found;
}

/** For a test file that is run by itself, and for the benchmark. */
function fetch(): string {
  const script = join(projectFolder, "scripts", "servers.mjs");
  const folder = execFileSync(process.execPath, [script], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return folder === "" ? NONE : folder;
}

/** For a test's `skip`. On CI nothing is skipped: there the test runs, and fails. */
export function unlessServers(): string | false {
  if (isOnCi()) return false;
  if (process.getuid?.() !== 0) return "the FTP servers give up rights that only root has";
  return serverPackages() === undefined ? "no FTP servers of others: see the first lines" : false;
}

/** A file of the packages. @throws Error where they cannot be had */
export function packaged(...path: readonly string[]): string {
  const folder = serverPackages();
  if (folder === undefined) throw new Error("the FTP servers of others cannot be had here");
  return join(folder, ...path);
}

/** For LD_LIBRARY_PATH. */
export function packagedLibraries(): string {
  const libraries = readdirSync(packaged(), { recursive: true, withFileTypes: true })
    .filter((entry) => /\.so(?:\.|$)/.test(entry.name))
    .map((entry) => entry.parentPath);
  return [...new Set(libraries)].join(":");
}

/** Of each server, as the packages say. */
export function serverVersions(): string {
  return readFileSync(packaged("versions"), "utf8");
}

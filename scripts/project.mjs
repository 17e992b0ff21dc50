/** What every script needs: where the project is, how it runs programs, how it speaks. Built-ins only. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** On CI nothing may be skipped. */
export const onCi = process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false";

export function say(text) {
  process.stderr.write(`ferry: ${text}\n`);
}

/** A failure that the text explains wholly; shown without a stack. */
export class Failure extends Error {}

/** Runs a script's main function, which may return the exit code; a {@link Failure} is one line and code 1. */
export async function main(run) {
  try {
    const code = await run();
    if (code !== undefined) process.exitCode = code;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/**
 * Runs a program in the project's folder, its output shown. Returns the exit code.
 * With `quiet` the output is shown only when the program fails.
 */
export function run(program, programArguments, { quiet = false, env = process.env } = {}) {
  const ended = spawnSync(program, programArguments, {
    cwd: root,
    env,
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ended.error !== undefined) throw new Failure(`cannot run ${program}: ${ended.error.message}`);
  if (quiet && ended.status !== 0) process.stderr.write(Buffer.concat([ended.stdout, ended.stderr]));
  return ended.status ?? 1;
}

/** Runs npm: the one that runs us, else the one on the PATH. */
export function npm(npmArguments, options) {
  const own = process.env.npm_execpath;
  if (own?.endsWith(".js")) return run(process.execPath, [own, ...npmArguments], options);
  return run(process.platform === "win32" ? "npm.cmd" : "npm", npmArguments, options);
}

/** The file of a package's program, run by our Node: works where `.bin` is missing or PATH is odd. */
export function tool(...path) {
  return join(root, "node_modules", ...path);
}

export function isOnPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs other programs from a test: bounded in time, output captured. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";

export interface ProgramOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeLimit?: number;
}

export interface ProgramEnded {
  /** Null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What a failed assertion should show. */
  readonly report: string;
}

const TIME_LIMIT = 60_000;

/** Runs it to its end. @throws when it cannot be started or does not end in time. */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  { cwd, input, env, timeLimit = TIME_LIMIT }: ProgramOptions = {},
): Promise<ProgramEnded> {
  const child = spawn(program, programArguments, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let late = false;
  const clock = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeLimit);
  // A program that ends early does not read all of its input.
  child.stdin.on("error", () => {});
  child.stdin.end(input ?? "");
  try {
    const [code, stdout, stderr] = await Promise.all([
      new Promise<number | null>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", resolve);
      }),
      text(child.stdout),
      text(child.stderr),
    ]);
    const command = [program, ...programArguments].join(" ");
    const report = `${command}\nexit code ${code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
    if (late) throw new Error(`did not end within ${timeLimit} ms: ${report}`);
    return { code, stdout, stderr, report };
  } finally {
    clearTimeout(clock);
  }
}

/**
 * For a test's `skip`: the reason when a program is missing, else false. On CI nothing is skipped: there the
 * test runs, and fails.
 */
export function unlessInstalled(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0 || isOnCi()) return false;
  return `${missing.join(", ")} not installed`;
}

export function isOnCi(): boolean {
  const { CI } = process.env;
  return CI !== undefined && CI !== "" && CI !== "false";
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The `ferry` program, run as a user runs it, in a home of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { LocalFolder } from "./files.js";
import { type ProgramEnded, runProgram } from "./program.js";
import { projectFolder } from "./project.js";

export const FERRY = join(projectFolder, "dist/bin/ferry.js");

export interface FerryOptions {
  readonly input?: string;
  /** Besides HOME and PATH. */
  readonly env?: NodeJS.ProcessEnv;
}

const TIME_LIMIT = 60_000;

export class Ferry implements Disposable {
  /** The home, and the folder that it runs in. */
  readonly home = new LocalFolder();

  run(argv: readonly string[], { input, env }: FerryOptions = {}): Promise<ProgramEnded> {
    const o = { cwd: this.home.path, env: this.#environment(env), timeLimit: TIME_LIMIT };
    return runProgram(process.execPath, [FERRY, ...argv], { ...o, ...(input !== undefined && { input }) });
  }

  start(argv: readonly string[], { env }: FerryOptions = {}): RunningFerry {
    const o = { cwd: this.home.path, env: this.#environment(env) };
    return new RunningFerry(spawn(process.execPath, [FERRY, ...argv], o));
  }

  #environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.home.path, ...env };
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }
}

/** A `ferry` that is to be interrupted, or not read to its end. */
export class RunningFerry {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | string>;
  #stdout = "";
  #stderr = "";
  #look: () => void = () => {};

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    const clock = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT);
    this.#ended = once(child, "close").then(([code, signal]) => {
      clearTimeout(clock);
      return code ?? signal;
    });
    child.stdin.end();
    child.stdout.on("data", (chunk) => {
      this.#stdout += chunk;
      this.#look();
    });
    child.stderr.on("data", (chunk) => {
      this.#stderr += chunk;
      this.#look();
    });
  }

  /** Resolves when standard output and standard error together hold it. */
  async says(pattern: RegExp): Promise<void> {
    const said = new Promise<void>((resolve) => {
      this.#look = () => {
        if (pattern.test(this.#stdout + this.#stderr)) resolve();
      };
      this.#look();
    });
    const early = this.#ended.then((code) => {
      throw new Error(`ended with ${code} before it said ${pattern}: ${this.#stdout}${this.#stderr}`);
    });
    await Promise.race([said, early]);
  }

  /** The code is a signal's name when a signal ended it. */
  async ended(): Promise<{ code: number | string; stdout: string; stderr: string }> {
    const code = await this.#ended;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }
}

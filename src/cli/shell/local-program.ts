/** Programs of this machine: `!ls`, `ls | grep x`, the pager. They run in the person's own shell. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { failure, ReaderGone, systemReason } from "../errors.js";
import type { Terminal } from "../terminal.js";
import type { ShellOutput } from "./output.js";

export interface LocalProgramOptions {
  readonly terminal: Terminal;
  readonly directory: string;
  /** "terminal": it reads what the person types; "pipe": what is written to it. */
  readonly reads: "terminal" | "pipe" | "nothing";
  /** Where its output goes instead of the terminal. */
  readonly out?: ShellOutput;
  /** Ends it. */
  readonly signal: AbortSignal;
}

export class LocalProgram {
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;

  constructor(command: string, { terminal, directory, reads, out, signal }: LocalProgramOptions) {
    const { input, output, errors, environment } = terminal;
    const own = reads === "terminal" && input.isTTY === true ? (input.fd ?? "ignore") : "ignore";
    this.#child = spawn(command, {
      shell: environment.SHELL || true,
      cwd: directory,
      env: environment,
      stdio: [
        reads === "pipe" ? "pipe" : own,
        out === undefined ? descriptorOf(output.fd) : "pipe",
        out === undefined ? descriptorOf(errors.fd) : "pipe",
      ],
      signal,
    });
    this.#failed = once(this.#child, "error").then(([error]) => {
      throw failure(`cannot run a program of this machine: ${systemReason(error)}`, error);
    });
    this.#failed.catch(() => {});
    // It may end before it has read everything.
    this.#child.stdin?.on("error", () => {});
    forward(this.#child.stdout, (text) => (out ?? output).write(text));
    forward(this.#child.stderr, (text) => (out ?? errors).write(text));
  }

  /** @throws ReaderGone when it has ended */
  async write(chunk: string | Uint8Array): Promise<void> {
    const { stdin } = this.#child;
    if (stdin === null || stdin.destroyed || stdin.errored != null) throw new ReaderGone();
    if (stdin.write(chunk)) return;
    await Promise.race([
      this.#failed,
      new Promise<void>((resolve) => {
        const done = (): void => {
          stdin.off("drain", done);
          stdin.off("close", done);
          resolve();
        };
        stdin.on("drain", done);
        stdin.on("close", done);
      }),
    ]);
    if (stdin.destroyed) throw new ReaderGone();
  }

  /** No more comes; resolves when it has ended, with its exit code, or null after a signal. */
  async end(): Promise<number | null> {
    this.#child.stdin?.end();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, "close").then(([code]) => (typeof code === "number" ? code : null));
    return await Promise.race([this.#failed, closed]);
  }
}

/** Where the terminal is no file, as in tests, the output comes through us. */
function descriptorOf(fd: number | undefined): number | "pipe" {
  return fd !== undefined && fd >= 0 ? fd : "pipe";
}

function forward(from: Readable | null, write: (text: Buffer) => unknown): void {
  from?.on("data", (chunk: Buffer) => write(chunk));
}

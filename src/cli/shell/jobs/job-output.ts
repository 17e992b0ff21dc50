/** Where the commands of one job write: the screen, or line by line above the prompt when the job is behind it. */

import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { failure, systemReason } from "../../errors.js";
import { escapeHostile } from "../line/escapes.js";
import { LocalProgram, type LocalProgramOptions } from "../local-program.js";
import type { ShellOutput } from "../output.js";
import type { Screen } from "../terminal/screen.js";
import type { Job } from "./job.js";

/** Characters of a line without an end that wait for it. */
const LONGEST_LINE = 64 * 1024;

export class JobOutput implements ShellOutput {
  readonly #job: Job;
  readonly #screen: Screen;
  #line = "";

  constructor(job: Job, screen: Screen) {
    this.#job = job;
    this.#screen = screen;
  }

  get isTTY(): boolean {
    return this.#screen.isTTY;
  }

  get columns(): number {
    return this.#screen.columns;
  }

  write(text: string | Uint8Array): void | Promise<void> {
    if (this.#job.place === "foreground") {
      this.end();
      return this.#screen.write(text);
    }
    const lines = (this.#line + (typeof text === "string" ? text : Buffer.from(text).toString())).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#screen.note(line);
    if (this.#line.length > LONGEST_LINE) this.end();
    return undefined;
  }

  /** Writes what has no end yet. */
  end(): void {
    if (this.#line === "") return;
    const line = this.#line;
    this.#line = "";
    this.#screen.note(line);
  }
}

/** `> FILE` */
export class FileOutput implements ShellOutput {
  readonly isTTY = false;
  readonly columns = 80;
  readonly #path: string;
  readonly #file: WriteStream;
  #error: Error | undefined;

  constructor(path: string, append: boolean) {
    this.#path = path;
    this.#file = createWriteStream(path, { flags: append ? "a" : "w" });
    this.#file.on("error", (error) => {
      this.#error = error;
    });
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#failure();
    if (!this.#file.write(text)) await Promise.race([once(this.#file, "drain"), once(this.#file, "close")]);
  }

  /** @throws CliError when something could not be written */
  async end(): Promise<void> {
    this.#file.end();
    if (!this.#file.closed) await new Promise<void>((resolve) => this.#file.once("close", resolve));
    if (this.#error !== undefined) throw this.#failure();
  }

  #failure(): Error {
    return failure(`cannot write ${escapeHostile(this.#path)}: ${systemReason(this.#error)}`, this.#error);
  }
}

/** `| less` */
export class PipeOutput implements ShellOutput {
  readonly isTTY = false;
  readonly columns: number;
  readonly #program: LocalProgram;

  constructor(command: string, columns: number, o: Omit<LocalProgramOptions, "reads">) {
    this.columns = columns;
    this.#program = new LocalProgram(command, { ...o, reads: "pipe" });
  }

  /** @throws ReaderGone when the program has ended */
  write(text: string | Uint8Array): Promise<void> {
    return this.#program.write(text);
  }

  /** Resolves when the program has ended, with its exit code. */
  end(): Promise<number | null> {
    return this.#program.end();
  }
}

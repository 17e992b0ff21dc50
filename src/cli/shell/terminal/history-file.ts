/**
 * The lines of earlier shells: shell-history in the state folder, for its owner's eyes only. Several shells may add
 * to it at once: each only appends, and it is cut when the next one begins.
 */

import { randomBytes } from "node:crypto";
import { appendFile, chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../../client/local-folder.js";
import { systemCode } from "../../errors.js";

/** Lines that are kept. */
export const HISTORY_SIZE = 1000;
/** Characters of a line; what is longer was hardly typed. */
const LONGEST = 4096;
/** Lines of a file that is cut at the next start. */
const CUT_AT = 2 * HISTORY_SIZE;

const PRIVATE = 0o600;

export class HistoryFile {
  readonly #path: string;
  readonly #lines: string[];
  #writing: Promise<void> = Promise.resolve();
  #made = false;

  private constructor(path: string, lines: readonly string[]) {
    this.#path = path;
    this.#lines = lines.slice(-HISTORY_SIZE);
  }

  /** Never throws: a shell without the lines of before is better than none. */
  static async open(stateDirectory: string, wanted = true): Promise<HistoryFile> {
    const path = join(stateDirectory, "shell-history");
    let lines: string[] = [];
    // Of a script nothing is kept.
    if (!wanted) return new HistoryFile(path, lines);
    try {
      lines = (await readFile(path, "utf8"))
        .split("\n")
        .filter((line) => line !== "" && line.length <= LONGEST);
      if (lines.length > CUT_AT) await rewrite(path, lines.slice(-HISTORY_SIZE));
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
    return new HistoryFile(path, lines);
  }

  /** Oldest first, at most {@link HISTORY_SIZE}. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    if (line.trim() === "" || line.length > LONGEST || /[\r\n\0]/.test(line)) return;
    if (this.#lines.at(-1) === line) return;
    this.#lines.push(line);
    if (this.#lines.length > HISTORY_SIZE) this.#lines.shift();
    this.#writing = this.#writing.then(() => this.#append(line));
  }

  /** Forgets all of it, in the file too. */
  clear(): void {
    this.#lines.length = 0;
    this.#writing = this.#writing.then(() => rm(this.#path, { force: true })).catch(() => {});
  }

  /** Resolves when all is written that can be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #append(line: string): Promise<void> {
    try {
      if (!this.#made) await makeFolder(dirname(this.#path), 0o700);
      await appendFile(this.#path, `${line}\n`, { mode: PRIVATE });
      // Of a file that somebody else made.
      if (!this.#made) await chmod(this.#path, PRIVATE);
      this.#made = true;
    } catch {
      // A disk that is full, or a folder that is not ours: the line is known until the shell ends.
    }
  }
}

async function rewrite(path: string, lines: readonly string[]): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(beside, lines.map((line) => `${line}\n`).join(""), { mode: PRIVATE, flag: "wx" });
  await rename(beside, path);
}

/** The directory of this machine where the shell is; `lcd` changes it for this shell alone. */
import { realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failure, systemReason } from "../errors.js";
import { escapeHostile } from "./line/escapes.js";
import type { Word } from "./line/tokens.js";

export class LocalPlace {
  readonly home: string;
  #directory: string;
  #previous: string;

  constructor(directory: string, home: string) {
    this.#directory = directory;
    this.#previous = directory;
    this.home = home;
  }

  /** The same directory; what either of them changes from now on is its own. */
  fork(): LocalPlace {
    return new LocalPlace(this.#directory, this.home);
  }

  get directory(): string {
    return this.#directory;
  }

  get previous(): string {
    return this.#previous;
  }

  resolve({ text, tilde }: Pick<Word, "text" | "tilde">): string {
    return tilde ? join(this.home, text.slice(1)) : resolve(this.#directory, text);
  }

  /** @throws CliError when there is no such directory */
  async change(path: string): Promise<void> {
    let directory: boolean;
    try {
      directory = (await stat(await realpath(path))).isDirectory();
    } catch (error) {
      throw failure(`cannot go to ${escapeHostile(path)}: ${systemReason(error)}`, error);
    }
    if (!directory) throw failure(`cannot go to ${escapeHostile(path)}: it is not a directory`);
    this.#previous = this.#directory;
    this.#directory = path;
  }
}

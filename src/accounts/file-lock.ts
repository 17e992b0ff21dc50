/** The lock on the accounts file: a file beside it that only one process can create. */
import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { link, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { AccountsFileError } from "./file-format.js";

/** Editing takes milliseconds, because passwords are hashed before; an older lock belongs to a dead process. */
const STALE = 10_000;
const LONGEST_WAIT = 15_000;
const BETWEEN_TRIES = 50;

export class FileLock {
  readonly #file: string;
  readonly #token: string;

  private constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
  }

  /** Waits for its turn. @throws AccountsFileError when the lock stays taken, or cannot be made. */
  static async take(file: string): Promise<FileLock> {
    const token = randomBytes(16).toString("hex");
    const patience = Date.now() + LONGEST_WAIT;
    while (!(await created(file, token))) {
      await removeStale(lockOf(file));
      if (Date.now() > patience) {
        throw new AccountsFileError(
          `${file} is being changed by another process; if none runs, remove ${lockOf(file)}`,
        );
      }
      await wait(BETWEEN_TRIES);
    }
    return new FileLock(file, token);
  }

  /** Just before the change is made: @throws AccountsFileError when we took so long that another took over. */
  async check(): Promise<void> {
    if (!(await this.#held())) throw new AccountsFileError("another process took over the lock");
  }

  async release(): Promise<void> {
    if (await this.#held()) await unlink(lockOf(this.#file)).catch(() => undefined);
  }

  async #held(): Promise<boolean> {
    return (await readFile(lockOf(this.#file), "utf8").catch(() => undefined)) === this.#token;
  }
}

function lockOf(file: string): string {
  return `${file}.lock`;
}

async function created(file: string, token: string): Promise<boolean> {
  try {
    const handle = await open(lockOf(file), "wx", 0o600);
    try {
      await handle.writeFile(token);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (codeOf(error) === "ENOENT") {
      throw new AccountsFileError(`cannot write ${file}: its folder does not exist`, { cause: error });
    }
    throw cannot("write", file, error);
  }
}

/** Renamed before it is removed, and looked at again: it may be the fresh lock of who removed the stale one. */
async function removeStale(name: string): Promise<void> {
  const found = await statOf(name);
  if (found === undefined || Date.now() - found.mtimeMs < STALE) return;
  const aside = `${name}.${randomBytes(8).toString("hex")}`;
  try {
    await rename(name, aside);
    if ((await stat(aside)).ino !== found.ino) await link(aside, name);
    await unlink(aside);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw cannot("lock", name, error);
  }
}

/** Undefined when there is no such file. */
export async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw cannot("read", file, error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
};

export function cannot(verb: string, file: string, error: unknown): AccountsFileError {
  if (error instanceof AccountsFileError && error.cause !== undefined) return error;
  const code = codeOf(error);
  const reason =
    (typeof code === "string" && REASONS[code]) || (error instanceof Error ? error.message : String(error));
  return new AccountsFileError(`cannot ${verb} ${file}: ${reason}`, { cause: error });
}

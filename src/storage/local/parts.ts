/**
 * Parts: what arrived of uploads that broke off, beside the file that they would have become (DESIGN 6.1). The
 * name says whose it is and of which file, so that a restarted server finds it: `.ferry-`, 4 digits of a hash of
 * the account, 12 of a hash of account and name. The directory is not in the hash: it may be renamed meanwhile.
 * (Once in 65,536 two accounts share the first four. Then an RMD of the one takes what broke off of the other, in
 * a directory that holds nothing else.)
 */
import { createHash } from "node:crypto";
import { opendirSync, type Stats } from "node:fs";
import { encodeText } from "../../protocol/text.js";
import { type Directory, entryStats, pathIn } from "./directory.js";
import { identityOf, isWritten } from "./lease.js";
import { unlinkFile } from "./move.js";
import { hiddenName, isHidden, textOfLatin1 } from "./names.js";

/** An abandoned part ends at a multiple of it. */
export const PART_BLOCK = 64 * 1024;

/**
 * The mode says whether a part was ended in good order. One that says "writing", and that nobody writes to, is
 * of a server that was killed: its length is what happened to arrive, perhaps the whole file.
 */
export const WRITING_MODE = 0o200;
export const ENDED_MODE = 0o600;
const OWNER_READS = 0o400;

/** Parts that one RMD removes; an account that left more needs another. */
const MOST_SWEPT = 1000;

export interface Part {
  readonly name: string;
  /** Bytes that an upload can continue from, as the client is told. */
  readonly size: number;
  /** Bytes that are there; more than `size` after a crash, so that a restart marker (110 MARK) still holds. */
  readonly bytes: number;
  readonly since: number;
}

export class Parts {
  readonly #account: string | undefined;
  readonly #tag: string;
  readonly #lifetime: number;

  /** `account` is undefined for anonymous logins, which have none. `lifetime` in milliseconds. */
  constructor(account: string | undefined, lifetime: number) {
    this.#account = account;
    this.#tag = account === undefined ? "" : hashOf(account).slice(0, 4);
    this.#lifetime = lifetime;
  }

  /** The hidden name for an upload to `name`; undefined for anonymous logins. */
  nameFor(name: string): string | undefined {
    if (this.#account === undefined) return undefined;
    return hiddenName(this.#tag + hashOf(`${this.#account}\0${name}`).slice(0, 12));
  }

  /** The part of an upload to `name`, if there is one that has not expired. */
  find(directory: Directory, name: string): Part | undefined {
    const hidden = this.nameFor(name);
    const stats = hidden === undefined ? undefined : entryStats(directory, hidden);
    if (hidden === undefined || stats === undefined || !isOurs(stats)) return undefined;
    const written = isWritten(identityOf(stats, directory, hidden));
    if (!written && this.#isExpired(stats)) return undefined;
    const ended = !written && (stats.mode & OWNER_READS) !== 0;
    const size = ended ? stats.size : blockBelow(stats.size);
    return { name: hidden, size, bytes: stats.size, since: Math.floor(stats.mtimeMs) };
  }

  /** Forgets the part of an upload to `name`, unless one is going on. Whether there was one. */
  async drop(directory: Directory, name: string): Promise<boolean> {
    const hidden = this.nameFor(name);
    return hidden !== undefined && (await removeHidden(directory, hidden, () => true));
  }

  /** Removes a hidden name when it has expired, whosever it is. */
  async expire(directory: Directory, hidden: string): Promise<void> {
    try {
      await removeHidden(directory, hidden, (stats) => this.#isExpired(stats));
    } catch {
      // It is no business of the listing that met it.
    }
  }

  /** Removes this account's parts and expired ones of anybody, when nothing else is in the directory. */
  async sweep(directory: Directory): Promise<void> {
    for (const name of hiddenNamesAlone(directory)) {
      const own = this.#account !== undefined && name.startsWith(hiddenName(this.#tag));
      await removeHidden(directory, name, (stats) => own || this.#isExpired(stats));
    }
  }

  #isExpired(stats: Stats): boolean {
    return stats.mtimeMs < Date.now() - this.#lifetime;
  }
}

/** The last multiple of {@link PART_BLOCK} that is less than `bytes`; 0 for none. */
export function blockBelow(bytes: number): number {
  return Math.max(0, Math.ceil(bytes / PART_BLOCK) - 1) * PART_BLOCK;
}

/** A regular file with one name. In a directory that others write to, a second one may have been planted. */
export function isOurs(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1;
}

/** The hidden names in a directory that holds nothing else; none when it does. */
function hiddenNamesAlone(directory: Directory): string[] {
  const entries = opendirSync(pathIn(directory, ""), { encoding: "latin1" });
  const hidden: string[] = [];
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const name = textOfLatin1(entry.name);
      if (!isHidden(name)) return [];
      if (hidden.length < MOST_SWEPT) hidden.push(name);
    }
  } finally {
    entries.closeSync();
  }
  return hidden;
}

/** Whether it was removed. One that is being written to is not. */
async function removeHidden(
  directory: Directory,
  hidden: string,
  isDue: (stats: Stats) => boolean,
): Promise<boolean> {
  const stats = entryStats(directory, hidden);
  if (stats === undefined || !stats.isFile() || !isDue(stats)) return false;
  if (isWritten(identityOf(stats, directory, hidden))) return false;
  await unlinkFile(pathIn(directory, hidden), stats.size);
  return true;
}

function hashOf(text: string): string {
  return createHash("sha256").update(encodeText(text)).digest("hex");
}

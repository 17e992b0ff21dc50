/**
 * The unfinished file of a download in segments, and the journal beside it that says which bytes are there. The
 * journal is behind the file: it names bytes only after these are on the disk, and is replaced by name, so that
 * whatever happens to the process or the machine, no byte counts that is not there.
 */
import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { FtpLocalError } from "../errors.js";
import { CONTINUE_PART, dropPart, partOf, segmentsOf } from "../transfer/sinks.js";
import { merged, type Range } from "./ranges.js";

/** Of the server's file, as it was when the download began. */
export interface SegmentedFile {
  readonly origin: string;
  readonly remote: string;
  readonly size: number;
  /** Milliseconds since the epoch; undefined when the server does not tell. */
  readonly modified: number | undefined;
}

const VERSION = 1;
/** Bytes; a journal has a line for each connection, and some for those that failed. */
const LONGEST_JOURNAL = 1024 * 1024;

export class PartFile {
  readonly #path: string;
  readonly #what: SegmentedFile;
  readonly #file: FileHandle;
  /** What was there when it was opened. */
  readonly found: readonly Range[];

  private constructor(path: string, what: SegmentedFile, file: FileHandle, found: readonly Range[]) {
    this.#path = path;
    this.#what = what;
    this.#file = file;
    this.found = found;
  }

  /** With what an earlier download left of the same file, when it is to go on. @throws FtpLocalError */
  static async open(
    path: string,
    what: SegmentedFile,
    { resume }: { readonly resume: boolean },
  ): Promise<PartFile> {
    const found = resume ? await rangesLeft(path, what) : [];
    try {
      if (found.length === 0) await dropPart(path);
      const file = await open(partOf(path), found.length === 0 ? "wx" : CONTINUE_PART);
      const part = new PartFile(path, what, file, found);
      try {
        await file.truncate(what.size);
        // From now on the part is no beginning of a file that an ordinary download could go on with.
        await part.#write(found);
        return part;
      } catch (error) {
        await file.close();
        // Nothing of the file is in it, and its length would say that all is.
        if (found.length === 0) await dropPart(path);
        throw error;
      }
    } catch (cause) {
      throw new FtpLocalError("the file to download to cannot be opened", { phase: "transfer", cause });
    }
  }

  get descriptor(): number {
    return this.#file.fd;
  }

  /** `done`: ranges that were written before the call. */
  async remember(done: readonly Range[]): Promise<void> {
    await this.#file.datasync();
    await this.#write(done);
  }

  /** It is whole: the file gets its name, and its time. To be closed all the same. @throws FtpLocalError */
  async publish(modified: number | undefined): Promise<void> {
    try {
      if (modified !== undefined) await this.#file.utimes(new Date(), new Date(modified));
      await rename(partOf(this.#path), this.#path);
      await rm(segmentsOf(this.#path), { force: true });
    } catch (cause) {
      throw new FtpLocalError("the file cannot be given its name", { phase: "transfer", cause });
    }
  }

  /** What is there, and not published, stays for the next time. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(done: readonly Range[]): Promise<void> {
    const path = segmentsOf(this.#path);
    // Never through a link that somebody has put there.
    await rm(`${path}.new`, { force: true });
    const file = await open(`${path}.new`, "wx", 0o600);
    try {
      await file.writeFile(JSON.stringify({ ferry: "segments", version: VERSION, ...this.#what, done }));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
}

/** Of this very file; empty when there is nothing that can be gone on with. */
async function rangesLeft(path: string, what: SegmentedFile): Promise<readonly Range[]> {
  try {
    const [{ size }, journal] = await Promise.all([stat(partOf(path)), stat(segmentsOf(path))]);
    if (size !== what.size || journal.size > LONGEST_JOURNAL) return [];
    return rangesIn(JSON.parse(await readFile(segmentsOf(path), "utf8")), what);
  } catch {
    return [];
  }
}

/** Whatever stands there: only a journal of this file, in this shape, counts. */
export function rangesIn(journal: unknown, what: SegmentedFile): readonly Range[] {
  if (typeof journal !== "object" || journal === null) return [];
  const said = journal as Record<string, unknown>;
  const same = (["origin", "remote", "size", "modified"] as const).every((name) => said[name] === what[name]);
  if (said.ferry !== "segments" || said.version !== VERSION || !same || !Array.isArray(said.done)) return [];
  const inside = (value: unknown): value is Range =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((byte) => Number.isSafeInteger(byte) && byte >= 0 && byte <= what.size) &&
    value[0] < value[1];
  return said.done.every(inside) ? merged(said.done) : [];
}

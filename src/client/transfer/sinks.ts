/** Where the bytes of a download go. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  futimesSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { WritableStream } from "node:stream/web";
import { type AbortLike, withAbortSignal } from "../../connection/stop.js";
import type { Entry, WriteHandle } from "../../storage/storage.js";
import { FtpArgumentError, FtpLocalError } from "../errors.js";
import { FileWriter } from "./file-writer.js";

/**
 * A path on this machine; a Node or Web stream, which is ended when the file is whole; or a handle, which is
 * committed then, and abandoned when it does not become whole.
 */
export type DownloadTarget = string | Writable | WritableStream<Uint8Array> | WriteHandle;

/** What a download to a path is written to until it is whole: a broken one must not look complete. */
export function partOf(path: string): string {
  return `${path}.part`;
}

/** Which bytes of a part are there that was written at several places at once; see segments/. */
export function segmentsOf(path: string): string {
  return `${partOf(path)}.segments`;
}

/** Removes what a broken download left. */
export async function dropPart(path: string): Promise<void> {
  await Promise.all([partOf(path), segmentsOf(path)].map((file) => rm(file, { force: true })));
}

/** Bytes that a broken download left; 0 for none. A part with holes cannot be continued at its end. */
export function partSize(path: string): number {
  if (existsSync(segmentsOf(path))) return 0;
  return statSync(partOf(path), { throwIfNoEntry: false })?.size ?? 0;
}

export interface SinkOptions {
  /** Where writing begins. */
  readonly start: number;
  /** Of a path: what is set when the file is whole, and is asked for then; milliseconds since the epoch. */
  readonly modified?: () => number | undefined;
  /** Ends the wait for a stream that does not finish. */
  readonly signal?: AbortLike;
}

/** @throws FtpLocalError for a file that cannot be written; FtpArgumentError for what is no target */
export function openSink(target: DownloadTarget, o: SinkOptions): WriteHandle {
  if (typeof target === "string") return fileSink(target, o);
  if (target instanceof WritableStream) return streamSink(Writable.fromWeb(target), o);
  if (target instanceof Writable) return streamSink(target, o);
  if (isHandle(target)) return target;
  throw new FtpArgumentError("the target is no path, no writable stream and no handle");
}

function isHandle(target: WriteHandle): boolean {
  return (["write", "commit", "abandon"] as const).every((name) => typeof target?.[name] === "function");
}

/**
 * Opening, closing and naming a file are done at once: asked of a thread, they cost a small file more than its
 * whole transfer (5,000 of them: 4.8 s of system time against 1.2).
 */
function fileSink(path: string, { start, modified }: SinkOptions): WriteHandle {
  const part = partOf(path);
  const descriptor = openPart(path, start);
  const writer = new FileWriter(descriptor, start);
  return {
    start,
    write: (chunk) => writer.write(chunk),
    async commit() {
      try {
        const settling = writer.settled();
        if (settling !== undefined) await settling;
        const time = modified?.();
        if (time !== undefined) futimesSync(descriptor, Date.now() / 1000, time / 1000);
      } finally {
        closeSync(descriptor);
      }
      renameSync(part, path);
      return entry(writer.position);
    },
    async abandon() {
      const { position } = writer;
      try {
        await writer.settled();
      } catch {
        // What could not be written is the reason why it is abandoned.
      }
      try {
        closeSync(descriptor);
        if (position === 0) unlinkSync(part);
      } catch {
        // What is left of it is of no use, or gone.
      }
      return { kept: position };
    },
  };
}

/** How a part is opened that is there: never through a link. Windows has no such flag, and no links that everybody may make. */
export const CONTINUE_PART = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

function openPart(path: string, start: number): number {
  try {
    if (start === 0) return openNewPart(path);
    const descriptor = openSync(partOf(path), CONTINUE_PART);
    ftruncateSync(descriptor, start);
    return descriptor;
  } catch (cause) {
    throw new FtpLocalError("the file to download to cannot be opened", { phase: "transfer", cause });
  }
}

function openNewPart(path: string): number {
  try {
    return openSync(partOf(path), "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // What a download in segments said of the part is true no more. A link in its place leads who knows where.
    rmSync(segmentsOf(path), { force: true });
    unlinkSync(partOf(path));
    return openSync(partOf(path), "wx");
  }
}

function streamSink(stream: Writable, { start, signal }: SinkOptions): WriteHandle {
  let bytes = 0;
  let waiting: AbortController | undefined;
  // A stream that fails between two writes tells nobody else.
  stream.on("error", () => {});
  const check = (): void => {
    if (stream.errored !== null) throw stream.errored;
    if (stream.destroyed) throw new Error("the stream was destroyed");
  };
  return {
    start,
    write(chunk) {
      check();
      bytes += chunk.length;
      // A stream keeps what it is given, and the chunk is only lent.
      if (stream.write(Buffer.from(chunk))) return undefined;
      waiting = new AbortController();
      return drained(stream, waiting).then(check);
    },
    interrupt: () => waiting?.abort(),
    async commit() {
      check();
      stream.end();
      if (signal === undefined) await finished(stream, { readable: false });
      else await withAbortSignal(signal, (own) => finished(stream, { readable: false, signal: own }));
      return entry(bytes);
    },
    async abandon(cause) {
      stream.destroy(cause instanceof Error ? cause : new Error("the download failed", { cause }));
      return { kept: 0 };
    },
  };
}

/** Until it takes more, or is gone. @throws when `stop` is aborted */
async function drained(stream: Writable, stop: AbortController): Promise<void> {
  try {
    await Promise.race(["drain", "close"].map((event) => once(stream, event, { signal: stop.signal })));
  } finally {
    stop.abort();
  }
}

/** Collects a file; more than `limit` bytes are an error. */
export class MemorySink implements WriteHandle {
  readonly start = 0;
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  write(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) {
      throw new FtpLocalError(`the file is longer than ${this.#limit} bytes (limits.file)`, {
        phase: "transfer",
      });
    }
    this.#chunks.push(Buffer.from(chunk));
  }

  async commit(): Promise<Entry> {
    return entry(this.#bytes);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    this.#chunks.length = 0;
    return { kept: 0 };
  }

  /** What was written. */
  content(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** What a committed file of ours is; nobody looks at more than its size. */
export function entry(size: number): Entry {
  return { name: "", type: "file", size, modified: 0 };
}

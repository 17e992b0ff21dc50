/** Where the bytes of an upload come from. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { closeSync, constants, fstatSync, open, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { type AbortLike, withAbortSignal } from "../../connection/stop.js";
import type { ReadHandle } from "../../storage/storage.js";
import { FtpAbortError, FtpArgumentError, FtpLocalError } from "../errors.js";
import { FileReader } from "./file-reader.js";

/**
 * A path on this machine, bytes, a Blob, or anything that gives chunks: Node's and Web streams, async generators.
 * A string is a path; text to be stored is `Buffer.from(text)`.
 */
export type UploadSource = string | Uint8Array | Blob | AsyncIterable<Uint8Array | string>;

export interface OpenSource {
  readonly handle: ReadHandle;
  /** Bytes of the whole source, when known. */
  readonly size: number | undefined;
  /** Milliseconds since the epoch, of a file. */
  readonly modified?: number;
}

/** Whether an upload of it can be continued in the middle. */
export function isSeekable(source: UploadSource): source is string | Uint8Array | Blob {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof Blob;
}

/** @throws FtpLocalError for a file that cannot be read; FtpArgumentError for what is no source; FtpAbortError */
export async function openSource(source: UploadSource, signal: AbortLike, start = 0): Promise<OpenSource> {
  if (typeof source === "string") return await pathSource(source, signal, start);
  if (source instanceof Uint8Array) {
    return { handle: bytesSource(source.subarray(start)), size: source.length };
  }
  if (source instanceof Blob) {
    return {
      handle: iterableSource(source.slice(start).stream(), source.size - start),
      size: source.size,
    };
  }
  if (source === null || typeof source !== "object" || !(Symbol.asyncIterator in source)) {
    throw new FtpArgumentError("the source is no path, bytes, Blob, stream or async iterable");
  }
  return { handle: iterableSource(source), size: undefined };
}

async function pathSource(path: string, signal: AbortLike, start: number): Promise<OpenSource> {
  try {
    const found = statSync(path);
    if (found.isFIFO())
      return { handle: await fifoSource(path, signal), size: undefined, modified: found.mtimeMs };
    // What is no file may keep whoever opens it waiting.
    return fileSource(found.isFile() ? openSync(path, "r") : await openLater(path), start);
  } catch (cause) {
    if (signal.aborted) throw new FtpAbortError("transfer", signal.reason);
    throw new FtpLocalError("the file to upload cannot be opened", { phase: "transfer", cause });
  }
}

function fileSource(descriptor: number, start: number): OpenSource {
  try {
    const found = fstatSync(descriptor);
    const size = found.isFile() ? found.size : undefined;
    const reader = new FileReader(descriptor, size === undefined ? null : start);
    const handle: ReadHandle = {
      size: size === undefined ? undefined : Math.max(0, size - start),
      read: (into) => reader.read(into),
      close: () => closeSync(descriptor),
    };
    return { handle, size, modified: found.mtimeMs };
  } catch (cause) {
    closeSync(descriptor);
    throw cause;
  }
}

/** When its first bytes, or its end, are there. A thread that waits for them could be told by nobody to stop. */
async function fifoSource(path: string, signal: AbortLike): Promise<ReadHandle> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stream = new Socket({ fd: descriptor, readable: true, writable: false });
  try {
    await withAbortSignal(signal, (own) => once(stream, "readable", { signal: own }));
  } catch (error) {
    stream.destroy();
    throw error;
  }
  return { ...iterableSource(stream), close: () => void stream.destroy() };
}

function openLater(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, "r", (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
}

function bytesSource(bytes: Uint8Array): ReadHandle {
  let position = 0;
  return {
    size: bytes.length,
    read(into) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      position += part.length;
      return part.length;
    },
    close() {},
  };
}

function iterableSource(source: AsyncIterable<Uint8Array | string>, size?: number): ReadHandle {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let giveUp: ((error: Error) => void) | undefined;
  const next = async (): Promise<IteratorResult<Uint8Array | string>> => {
    try {
      return await new Promise((resolve, reject) => {
        giveUp = reject;
        Promise.resolve(chunks.next()).then(resolve, reject);
      });
    } finally {
      giveUp = undefined;
    }
  };
  /** Whether whoever gives the chunks was still asked for one. */
  let interrupted = false;
  const copy = (into: Uint8Array): number => {
    const part = rest.subarray(0, into.length);
    into.set(part);
    rest = rest.subarray(part.length);
    return part.length;
  };
  return {
    size,
    async read(into) {
      // An empty chunk is not the end.
      while (rest.length === 0) {
        const found = await next();
        if (found.done === true) return 0;
        rest = typeof found.value === "string" ? Buffer.from(found.value) : found.value;
        if (!(rest instanceof Uint8Array)) throw new TypeError("the source gives something that is no bytes");
      }
      return copy(into);
    },
    interrupt() {
      interrupted = giveUp !== undefined;
      giveUp?.(new Error("the upload has ended"));
    },
    async close() {
      const ended = Promise.resolve(chunks.return?.());
      // A generator ends only when it has given what it was asked for, which it may never do.
      if (interrupted) ended.catch(() => {});
      else await ended;
    },
  };
}

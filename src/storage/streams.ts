/**
 * Between handles and streams, both ways: so that a storage can be built from a back end that speaks streams, and
 * so that a handle can be used where a stream is wanted.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type ReadableStream, WritableStream } from "node:stream/web";
import { StorageError } from "./errors.js";
import type { Entry, ReadHandle, WriteHandle } from "./storage.js";

const CHUNK = 64 * 1024;

/**
 * Reads what a Node stream, a Web stream or any other iterable of byte chunks gives. Give the operation's signal
 * to the source itself, as `addAbortSignal` does: the handle cannot end a wait for a source that says nothing.
 */
export function readHandleFrom(
  source: AsyncIterable<Uint8Array>,
  { size }: { readonly size?: number } = {},
): ReadHandle {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  const copy = (into: Uint8Array): number => {
    const part = rest.subarray(0, into.length);
    into.set(part);
    rest = rest.subarray(part.length);
    return part.length;
  };
  const nextChunk = async (into: Uint8Array): Promise<number> => {
    // An empty chunk must not be taken for the end.
    while (rest.length === 0) {
      const next = await failing(chunks.next());
      if (next.done === true) return 0;
      if (!(next.value instanceof Uint8Array)) throw new StorageError("failed", "the source gives no bytes");
      rest = next.value;
    }
    return copy(into);
  };
  return {
    ...(size === undefined ? {} : { size }),
    read: (into) => (rest.length > 0 ? copy(into) : nextChunk(into)),
    async close() {
      await chunks.return?.();
    },
  };
}

export interface WriteTo {
  /** See {@link WriteHandle.start}; 0 when absent. */
  readonly start?: number;
  /** Called when the stream has taken every byte and has finished. */
  readonly commit: (o: { readonly bytes: number; readonly modified?: number }) => Entry | Promise<Entry>;
  /** Called when the stream was destroyed; takes away what is there of it. Keeps nothing when absent. */
  readonly abandon?: (cause: unknown) => { readonly kept: number } | Promise<{ readonly kept: number }>;
}

/** Writes to a Node or Web stream, no faster than it takes the bytes. */
export function writeHandleTo(
  stream: Writable | WritableStream<Uint8Array>,
  { start = 0, commit, abandon }: WriteTo,
): WriteHandle {
  const sink = stream instanceof WritableStream ? Writable.fromWeb(stream) : stream;
  let state: { kind: "open" } | { kind: "failed"; error: unknown } | { kind: "ended" } = { kind: "open" };
  let bytes = 0;
  sink.on("error", (error) => {
    if (state.kind === "open") state = { kind: "failed", error };
  });
  const check = (): void => {
    if (state.kind === "failed") throw storageError(state.error);
    if (state.kind === "ended") throw new StorageError("failed", "the handle has ended");
    if (sink.destroyed) throw new StorageError("failed", "the stream was destroyed");
  };
  return {
    start,
    write(chunk) {
      check();
      bytes += chunk.length;
      // A stream keeps what it is given, and the chunk is only borrowed.
      if (sink.write(Buffer.from(chunk))) return;
      return drained(sink).then(check);
    },
    async commit(o) {
      check();
      sink.end();
      await failing(finished(sink, { readable: false }));
      const entry = await commit({ bytes, ...o });
      state = { kind: "ended" };
      return entry;
    },
    async abandon(cause) {
      if (state.kind === "ended") return { kept: 0 };
      state = { kind: "ended" };
      sink.destroy(cause instanceof Error ? cause : new Error("abandoned", { cause }));
      try {
        await finished(sink, { readable: false });
      } catch {
        // That it did not finish is what was asked for.
      }
      try {
        return (await abandon?.(cause)) ?? { kept: 0 };
      } catch {
        return { kept: 0 };
      }
    },
  };
}

/** A Node stream of what a handle reads; ending or destroying it closes the handle. */
export function readableOf(handle: ReadHandle): Readable {
  let pending: Promise<void> = Promise.resolve();
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      pending = readInto(this, handle);
    },
    destroy(error, callback) {
      // The buffer is lent until the read has settled.
      pending.then(() => handle.close()).then(() => callback(error), callback);
    },
  });
}

export function readableStreamOf(handle: ReadHandle): ReadableStream<Uint8Array> {
  return Readable.toWeb(readableOf(handle)) as ReadableStream<Uint8Array>;
}

/** A Node stream that writes to a handle: its end commits, destroying it before abandons. */
export function writableOf(handle: WriteHandle): Writable {
  let pending: Promise<unknown> = Promise.resolve();
  let state: "open" | "committed" = "open";
  const settle = (work: Promise<unknown>, callback: (error?: Error | null) => void): void => {
    pending = work.then(
      () => callback(),
      (error) => callback(asError(error)),
    );
  };
  return new Writable({
    highWaterMark: CHUNK,
    write(chunk: Uint8Array, _encoding, callback) {
      settle((async () => handle.write(chunk))(), callback);
    },
    final(callback) {
      const commit = async () => {
        await handle.commit();
        state = "committed";
      };
      settle(commit(), callback);
    },
    destroy(error, callback) {
      const abandon = async () => {
        await pending;
        if (state === "open") await handle.abandon(error ?? new StorageError("aborted"));
      };
      abandon().then(() => callback(error), callback);
    },
  });
}

export function writableStreamOf(handle: WriteHandle): WritableStream<Uint8Array> {
  return Writable.toWeb(writableOf(handle)) as WritableStream<Uint8Array>;
}

async function readInto(stream: Readable, handle: ReadHandle): Promise<void> {
  const into = Buffer.allocUnsafeSlow(CHUNK);
  try {
    const length = await handle.read(into);
    stream.push(length === 0 ? null : into.subarray(0, length));
  } catch (error) {
    stream.destroy(asError(error));
  }
}

/** Until the sink takes more; also when it never will, which the caller finds out. */
async function drained(sink: Writable): Promise<void> {
  const stop = new AbortController();
  try {
    const events = ["drain", "close"].map((event) => once(sink, event, { signal: stop.signal }));
    await Promise.race(events);
  } catch (error) {
    throw storageError(error);
  } finally {
    stop.abort();
  }
}

async function failing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw storageError(error);
  }
}

function storageError(error: unknown): StorageError {
  return error instanceof StorageError
    ? error
    : new StorageError("failed", "a stream failed", { cause: error });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("failed", { cause: error });
}

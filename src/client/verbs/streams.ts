/** Transfers as Node streams: whoever reads or writes sets the pace. */

import { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import type { AbortLike } from "../../connection/stop.js";
import type { ReadHandle, WriteHandle } from "../../storage/storage.js";
import { entry } from "../transfer/sinks.js";

const HIGH_WATER = 256 * 1024;

/** Starts the download at the first read. Destroying the stream aborts it. */
export function readStream(download: (sink: WriteHandle, signal: AbortLike) => Promise<unknown>): Readable {
  const stop = new AbortController();
  let goOn: () => void = () => {};
  let running: Promise<void> | undefined;
  const sink: WriteHandle = {
    start: 0,
    write(chunk) {
      if (stream.push(Buffer.from(chunk))) return undefined;
      return new Promise((resolve) => {
        goOn = resolve;
      });
    },
    interrupt: () => goOn(),
    async commit() {
      stream.push(null);
      return entry(0);
    },
    async abandon() {
      return { kept: 0 };
    },
  };
  const stream = new Readable({
    highWaterMark: HIGH_WATER,
    read() {
      goOn();
      running ??= download(sink, stop.signal).then(
        () => {},
        (error) => {
          stream.destroy(error);
        },
      );
    },
    destroy(error, callback) {
      stop.abort(error ?? new Error("the stream was destroyed"));
      goOn();
      (running ?? Promise.resolve()).then(() => callback(error));
    },
  });
  return stream;
}

/**
 * Starts the upload at the first write, or at the end of an empty stream. The stream finishes when the server has
 * confirmed the file; destroying it before aborts the upload.
 */
export function writeStream(upload: (source: ReadHandle, signal: AbortLike) => Promise<unknown>): Writable {
  const stop = new AbortController();
  let chunk: Uint8Array = new Uint8Array(0);
  let taken: () => void = () => {};
  let ended = false;
  let goOn: () => void = () => {};
  let running: Promise<unknown> | undefined;
  let result: Promise<void> = Promise.resolve();
  const take = (into: Uint8Array): number => {
    const part = chunk.subarray(0, into.length);
    into.set(part);
    chunk = chunk.subarray(part.length);
    if (chunk.length === 0) taken();
    return part.length;
  };
  const source: ReadHandle = {
    read(into) {
      if (chunk.length > 0) return take(into);
      if (ended || stop.signal.aborted) return 0;
      return new Promise((resolve) => {
        goOn = () => resolve(chunk.length > 0 ? take(into) : 0);
      });
    },
    interrupt: () => goOn(),
    close() {},
  };
  const begin = (): void => {
    if (running !== undefined) return;
    running = upload(source, stop.signal);
    result = running.then(
      () => {},
      (error) => {
        stream.destroy(error);
      },
    );
  };
  const stream = new Writable({
    highWaterMark: HIGH_WATER,
    write(bytes: Buffer, _encoding, callback) {
      begin();
      if (bytes.length === 0) return callback();
      chunk = bytes;
      taken = callback;
      goOn();
    },
    final(callback) {
      begin();
      ended = true;
      goOn();
      running?.then(() => callback(), callback);
    },
    destroy(error, callback) {
      stop.abort(error ?? new Error("the stream was destroyed"));
      goOn();
      result.then(() => callback(error));
    },
  });
  return stream;
}

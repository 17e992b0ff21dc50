/** What an upload came from, or a download went to, read again: its size and its digests. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type { AbortLike } from "../../connection/stop.js";
import type { FtpDigestAlgorithm } from "../digest-algorithm.js";
import { FtpAbortError, FtpLocalError } from "../errors.js";

/** A path on this machine, bytes, or a Blob. */
export type LocalContent = string | Uint8Array | Blob;

const CHUNK = 1024 * 1024;

/** Bytes. @throws FtpLocalError */
export async function localSize(content: LocalContent): Promise<number> {
  if (content instanceof Uint8Array) return content.length;
  if (content instanceof Blob) return content.size;
  try {
    return (await stat(content)).size;
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** Lower case hexadecimal. @throws FtpLocalError, FtpAbortError */
export async function localDigest(
  content: LocalContent,
  algorithm: FtpDigestAlgorithm,
  signal: AbortLike,
): Promise<string> {
  const sum: Sum = algorithm === "crc32" ? new Crc32() : createHash(algorithm);
  try {
    for await (const chunk of chunksOf(content, signal)) sum.update(chunk);
  } catch (cause) {
    if (signal.aborted) throw new FtpAbortError("command", signal.reason);
    throw unreadable(cause);
  }
  return sum.digest("hex");
}

function chunksOf(content: LocalContent, signal: AbortLike): AsyncIterable<Uint8Array> {
  if (typeof content === "string") return fileChunks(content, signal);
  if (content instanceof Blob) return content.stream();
  return Readable.from([content]);
}

async function* fileChunks(path: string, signal: AbortLike): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
    if (signal.aborted) throw signal.reason;
    yield chunk;
  }
}

function unreadable(cause: unknown): FtpLocalError {
  return new FtpLocalError("the file on our side cannot be read", { phase: "command", cause });
}

/** The part of Node's hashes that is used here. */
interface Sum {
  update(chunk: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

class Crc32 implements Sum {
  #value = 0;

  update(chunk: Uint8Array): void {
    this.#value = crc32(chunk, this.#value);
  }

  digest(_encoding: "hex"): string {
    return this.#value.toString(16).padStart(8, "0");
  }
}

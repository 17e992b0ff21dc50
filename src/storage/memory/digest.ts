import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { StorageError } from "../errors.js";
import type { DigestAlgorithm } from "../storage.js";
import type { Content } from "./content.js";

const CHUNK = 1024 * 1024;

/** Of bytes `start` to `end`, in turns of the event loop, so that a big file does not hold up other sessions. */
export async function digestContent(
  content: Content,
  algorithm: DigestAlgorithm,
  o: { readonly start: number; readonly end: number; readonly signal: AbortSignal },
): Promise<string> {
  content.retain();
  try {
    const digest = algorithm === "crc32" ? crc32Digest() : cryptoDigest(algorithm);
    const buffer = new Uint8Array(Math.min(CHUNK, Math.max(1, content.size)));
    let position = o.start;
    for (let length = 1; length > 0; position += length) {
      length = content.read(position, buffer, o.end);
      digest.update(buffer.subarray(0, length));
      if (length === CHUNK) await setImmediate();
      if (o.signal.aborted) throw new StorageError("aborted", "aborted", { cause: o.signal.reason });
    }
    return digest.hexadecimal();
  } finally {
    content.release();
  }
}

interface Digest {
  update(bytes: Uint8Array): void;
  hexadecimal(): string;
}

function crc32Digest(): Digest {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    hexadecimal: () => value.toString(16).padStart(8, "0"),
  };
}

function cryptoDigest(algorithm: Exclude<DigestAlgorithm, "crc32">): Digest {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), hexadecimal: () => hash.digest("hex") };
}

/** How much may be stored, counted while it is stored. */
import { childOf, type Pathname } from "../protocol/pathname.js";
import { StorageError } from "./errors.js";
import type { Storage } from "./storage.js";

/** Bytes, and entries of any kind; negative numbers give back. */
export interface Use {
  readonly bytes?: number;
  readonly files?: number;
}

/** An account's lease is one (see AccountLease.reserve), and so is {@link allowance}. */
export interface Allowance {
  /** Before something is added. @throws StorageError "quota", when there is no room; never for giving back. */
  reserve(use: Use): void | Promise<void>;
  /** Bytes that can still be reserved, where that is known. */
  readonly remaining?: number;
}

/**
 * Counts in memory; every storage that is given the same object shares it. `used` is what is stored already,
 * see {@link measureUse}. What has no limit is only counted.
 */
export function allowance(o: {
  readonly bytes?: number;
  readonly files?: number;
  readonly used?: Use;
}): Allowance & { readonly used: Required<Use> } {
  const limits = { bytes: o.bytes ?? Number.POSITIVE_INFINITY, files: o.files ?? Number.POSITIVE_INFINITY };
  const used = { bytes: o.used?.bytes ?? 0, files: o.used?.files ?? 0 };
  return {
    reserve({ bytes = 0, files = 0 }) {
      const overrun =
        (bytes > 0 && used.bytes + bytes > limits.bytes) || (files > 0 && used.files + files > limits.files);
      if (overrun) throw new StorageError("quota", `${used.bytes} bytes and ${used.files} files are stored`);
      used.bytes = Math.max(0, used.bytes + bytes);
      used.files = Math.max(0, used.files + files);
    },
    get remaining() {
      return Math.max(0, limits.bytes - used.bytes);
    },
    used,
  };
}

/** What lies below a directory; links count as entries and are not followed. Parts of uploads are not seen. */
export async function measureUse(
  storage: Storage,
  directory: Pathname,
  signal: AbortSignal,
): Promise<Required<Use>> {
  const use = { bytes: 0, files: 0 };
  const waiting = [directory];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for await (const batch of storage.list(next, { signal })) {
      use.files += batch.length;
      for (const entry of batch) {
        if (entry.type === "directory") waiting.push(childOf(next, entry.name));
        else if (entry.type === "file") use.bytes += entry.size;
      }
    }
  }
  return use;
}

/** A storage that asks before it grows. */
import { childOf, type Pathname } from "../protocol/pathname.js";
import type { Allowance } from "./allowance.js";
import { StorageError } from "./errors.js";
import { forward, present } from "./forward.js";
import { giveBack, inTurn, meteredWrites } from "./metered-writes.js";
import type { Entry, Operation, Storage, WriteHandle, WriteIntent } from "./storage.js";

/**
 * Reserves every byte before it is written and every new file, directory or link before it is made, so that
 * writers at the same time never store more than is allowed together. What is replaced, removed, cut off or
 * given up is given back. A part of a broken upload counts until it is continued, replaced or removed by name;
 * one that expires, or goes with its directory, counts until the use is measured again.
 *
 * Sizes that are given back are asked for just before the change. Storages that share an allowance take turns to
 * do so; give all sessions of an account the same object, or two of them that replace one file in the same
 * instant give its bytes back twice.
 */
export function quota(inner: Storage, allowed: Allowance): Storage {
  /** The visible entry, itself and not what it leads to. */
  const entryAt = (path: Pathname, o: Operation): Promise<Entry | undefined> =>
    unlessMissing(inner.statLink === undefined ? inner.stat(path, o) : inner.statLink(path, o));

  const partAt = async (path: Pathname, o: Operation): Promise<number> =>
    inner.partial === undefined ? 0 : ((await unlessMissing(inner.partial(path, o)))?.size ?? 0);

  /** A link has no part: uploads through it are where it leads. */
  const partOf = async (entry: Entry | undefined, path: Pathname, o: Operation): Promise<number> =>
    entry?.type === "link" ? 0 : partAt(path, o);

  /** Where links lead: bytes of the file that writing would replace or continue. */
  const sizeAt = async (path: Pathname, o: Operation): Promise<number | undefined> =>
    (await unlessMissing(inner.stat(path, o)))?.size;

  /** Reserves an entry, unless it is counted already; for as long as `make` succeeds. */
  const withEntry = async <T>(counted: boolean, make: () => Promise<T>): Promise<T> => {
    if (counted) return make();
    await allowed.reserve({ files: 1 });
    try {
      return await make();
    } catch (error) {
      await giveBack(allowed, { files: 1 });
      throw error;
    }
  };

  const open = async (path: Pathname, o: Operation & WriteIntent): Promise<WriteHandle> => {
    const size = await sizeAt(path, o);
    const part = await partAt(path, o);
    return withEntry(size !== undefined || part > 0, async () => {
      const handle = await inner.openWrite(path, o);
      const continues = o.intent === "append" || o.intent === "resume";
      if (continues && part === 0 && size !== undefined) {
        // Asked again: now that the file is ours alone, nobody else makes it longer.
        const paid = (await sizeAt(path, { signal: NEVER })) ?? size;
        return meteredWrites(handle, { allowed, target: { kind: "in-place", paid } });
      }
      // A part, or the rest of it behind a restart, goes when the upload begins.
      const paid = continues && part > 0 ? handle.start : 0;
      await giveBack(allowed, { bytes: part - paid });
      return meteredWrites(handle, { allowed, target: newContent(path, paid, size === undefined) });
    });
  };

  const newContent = (path: Pathname, paid: number, entryReserved: boolean) => ({
    kind: "new-content" as const,
    paid,
    entryReserved,
    replaced: () => sizeAt(path, { signal: NEVER }),
  });

  const remove = async (path: Pathname, o: Operation): Promise<void> => {
    const entry = await entryAt(path, o);
    const part = await partOf(entry, path, o);
    await inner.remove(path, o);
    await giveBack(allowed, { bytes: storedBytes(entry) + part, files: 1 });
  };

  const rename: Storage["rename"] = async (from, to, o) => {
    const moved = await entryAt(from, o);
    const replaced = await entryAt(to, o);
    const parts = { from: await partOf(moved, from, o), to: await partOf(replaced, to, o) };
    await inner.rename(from, to, o);
    if (from === to || (moved?.unique !== undefined && moved.unique === replaced?.unique)) return;
    const entries = replaced !== undefined || parts.to > 0 ? 1 : 0;
    await giveBack(allowed, { bytes: storedBytes(replaced) + parts.from + parts.to, files: entries });
  };

  return forward(inner, {
    openWrite: (path, o) => inTurn(allowed, () => open(path, o)),
    openUnique(directory, o) {
      return withEntry(false, async () => {
        const handle = await present(inner.openUnique).call(inner, directory, o);
        const path = childOf(directory, handle.entryName);
        return meteredWrites(handle, { allowed, target: newContent(path, 0, true) });
      });
    },
    remove: (path, o) => inTurn(allowed, () => remove(path, o)),
    makeDirectory(path, o) {
      return withEntry(false, () => inner.makeDirectory(path, o));
    },
    async removeDirectory(path, o) {
      await inner.removeDirectory(path, o);
      await giveBack(allowed, { files: 1 });
    },
    rename: (from, to, o) => inTurn(allowed, () => rename(from, to, o)),
    makeLink(path, target, o) {
      return withEntry(false, () => present(inner.makeLink).call(inner, path, target, o));
    },
    async availableSpace(path, o) {
      const available = await present(inner.availableSpace).call(inner, path, o);
      return Math.min(available, allowed.remaining ?? available);
    },
  });
}

/** The settling of an upload must not be stopped by the abort that ended it. */
const NEVER = new AbortController().signal;

function storedBytes(entry: Entry | undefined): number {
  return entry?.type === "file" ? entry.size : 0;
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError && error.reason === "not-found") return undefined;
    throw error;
  }
}

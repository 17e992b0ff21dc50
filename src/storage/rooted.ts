/** A directory of a storage as a storage of its own. */
import {
  childOf,
  isWithin,
  joinPathnames,
  nameOf,
  type Pathname,
  parentOf,
  ROOT,
  relativeTo,
} from "../protocol/pathname.js";
import { StorageError } from "./errors.js";
import { forward, forwardWrites, present } from "./forward.js";
import type { Entry, Operation, Storage, WriteHandle } from "./storage.js";

/**
 * Shows `directory` of `inner` as the root. Where the inner storage resolves links, every pathname is resolved
 * before it is used, and one that leads out of the directory is "denied"; a storage that cannot resolve must
 * follow no links. Between resolving and using lies a moment: where other programs change the same files, give
 * the local storage the directory as its root instead, which has no such moment (DESIGN 6.2).
 *
 * `close` closes `inner`.
 */
export function rooted(inner: Storage, directory: Pathname): Storage {
  if (directory === ROOT) return inner;

  /** The inner pathname: of what the last component leads to, or of that component itself. */
  const place = async (
    path: Pathname,
    o: Operation,
    last: "follow" | "keep" = "follow",
  ): Promise<Pathname> => {
    if (inner.resolve === undefined) return joinPathnames(directory, path);
    const base = await inner.resolve(directory, o);
    if (path === ROOT) return base;
    const typed = last === "follow" ? path : parentOf(path);
    const resolved = await inner.resolve(joinPathnames(base, typed), o);
    if (!isWithin(base, resolved)) throw new StorageError("denied", "a link leads out of the root");
    return last === "follow" ? resolved : childOf(resolved, nameOf(path));
  };

  const changing = (path: Pathname, o: Operation): Promise<Pathname> => {
    if (path === ROOT) throw new StorageError("denied", "the root itself cannot be changed");
    return place(path, o, "keep");
  };

  return forward(inner, {
    async stat(path, o) {
      return seenAs(path, await inner.stat(await place(path, o), o));
    },
    async *list(path, o) {
      for await (const batch of inner.list(await place(path, o), o)) yield batch.map(seenEntry);
    },
    async openRead(path, o) {
      return inner.openRead(await place(path, o), o);
    },
    async openWrite(path, o) {
      // A link that leads nowhere refuses a "create", so it must not be resolved away.
      const handle = await inner.openWrite(
        await place(path, o, o.intent === "create" ? "keep" : "follow"),
        o,
      );
      return withEntry(handle, (entry) => seenAs(path, entry));
    },
    async remove(path, o) {
      await inner.remove(await changing(path, o), o);
    },
    async makeDirectory(path, o) {
      await inner.makeDirectory(await place(path, o, "keep"), o);
    },
    async removeDirectory(path, o) {
      await inner.removeDirectory(await changing(path, o), o);
    },
    async rename(from, to, o) {
      await inner.rename(await changing(from, o), await changing(to, o), o);
    },
    async partial(path, o) {
      return present(inner.partial).call(inner, await place(path, o), o);
    },
    async openUnique(path, o) {
      const handle = await present(inner.openUnique).call(inner, await place(path, o), o);
      return withEntry(handle, seenEntry);
    },
    async resolve(path, o) {
      const base = await present(inner.resolve).call(inner, directory, o);
      const seen = relativeTo(base, await place(path, o));
      if (seen === undefined) throw new StorageError("denied");
      return seen;
    },
    async statLink(path, o) {
      return seenAs(path, await present(inner.statLink).call(inner, await place(path, o, "keep"), o));
    },
    async setTimes(path, times, o) {
      await present(inner.setTimes).call(inner, await place(path, o), times, o);
    },
    async setMode(path, mode, o) {
      await present(inner.setMode).call(inner, await place(path, o), mode, o);
    },
    async makeLink(path, target, o) {
      const inside = target.startsWith("/") ? directory + target : target;
      await present(inner.makeLink).call(inner, await place(path, o, "keep"), inside, o);
    },
    async availableSpace(path, o) {
      return present(inner.availableSpace).call(inner, await place(path, o), o);
    },
    async digest(path, algorithm, o) {
      return present(inner.digest).call(inner, await place(path, o), algorithm, o);
    },
  });

  function seenAs(path: Pathname, entry: Entry): Entry {
    return { ...seenEntry(entry), name: nameOf(path) };
  }

  /** Targets as `makeLink` took them. */
  function seenEntry(entry: Entry): Entry {
    if (!entry.target?.startsWith(`${directory}/`)) return entry;
    return { ...entry, target: entry.target.slice(directory.length) };
  }
}

function withEntry<Handle extends WriteHandle>(handle: Handle, seen: (entry: Entry) => Entry): Handle {
  return forwardWrites(handle, { commit: async (o) => seen(await handle.commit(o)) });
}

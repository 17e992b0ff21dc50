/** Listings: names are read as they are asked for, and each turn of the loop gives only a slice of it. */
import { type Dir, lstatSync, opendirSync, type Stats } from "node:fs";
import { performance } from "node:perf_hooks";
import { StorageError } from "../errors.js";
import type { Entry, Operation } from "../storage.js";
import { type Directory, pathIn } from "./directory.js";
import { entryOf, linkEntry } from "./entry.js";
import { isHidden, nativePath, textOfLatin1 } from "./names.js";
import type { Place } from "./place.js";
import type { Root } from "./root.js";
import { type Sight, SteadyPath } from "./steady.js";

/** Entries at once: about half a millisecond, and some 100 KB. */
const BATCH = 256;
/** Milliseconds of one turn. */
const SLICE = 2;
/** Below so many entries, watching the way costs more than it saves. */
const WORTH_WATCHING = 32;

const NO_THROW = { throwIfNoEntry: false } as const;

/**
 * The entries of the directory that `place` is, in batches. `onHidden` is told of our own hidden names, which
 * are in no batch. Holds two descriptors until it is done or returned from.
 */
export async function* listDirectory(
  root: Root,
  place: Place,
  o: Operation,
  onHidden: (directory: Directory, name: string) => Promise<void>,
): AsyncGenerator<readonly Entry[]> {
  const directory = place.enter();
  try {
    const names = opendirSync(pathIn(directory, ""), { encoding: "latin1", bufferSize: BATCH });
    try {
      const steady = steadyPathTo(root, place, directory);
      let turn = performance.now();
      for (let batch = nextNames(names); batch.length > 0; batch = nextNames(names)) {
        if (o.signal.aborted) throw new StorageError("aborted");
        const hidden: string[] = [];
        const entries = entriesOf(root, directory, batch, steady, hidden);
        if (entries.length > 0) yield entries;
        for (const name of hidden) await onHidden(directory, name);
        if (performance.now() - turn < SLICE) continue;
        await new Promise(setImmediate);
        turn = performance.now();
      }
    } finally {
      names.closeSync();
    }
  } finally {
    directory.close();
  }
}

function nextNames(names: Dir): string[] {
  const batch: string[] = [];
  while (batch.length < BATCH) {
    const next = names.readSync();
    if (next === null) break;
    batch.push(textOfLatin1(next.name));
  }
  return batch;
}

function entriesOf(
  root: Root,
  directory: Directory,
  names: readonly string[],
  steady: SteadyPath | undefined,
  hidden: string[],
): Entry[] {
  const found = statusOf(directory, names, steady);
  const entries: Entry[] = [];
  for (const [at, name] of names.entries()) {
    const stats = found[at];
    if (isHidden(name)) hidden.push(name);
    // Undefined: it was removed since.
    else if (stats !== undefined) {
      const entry = stats.isSymbolicLink()
        ? linkEntry(root, directory, name, stats)
        : entryOf(root, name, stats, directory, name);
      if (entry !== undefined) entries.push(entry);
    }
  }
  return entries;
}

function statusOf(
  directory: Directory,
  names: readonly string[],
  steady: SteadyPath | undefined,
): (Stats | undefined)[] {
  const before: Sight = names.length < WORTH_WATCHING ? undefined : steady?.look();
  if (steady !== undefined && before !== undefined) {
    const found = statusBy(steady.prefix, names);
    if (steady.look() === before) return found;
  }
  return statusBy(directory.prefix, names);
}

function statusBy(prefix: string, names: readonly string[]): (Stats | undefined)[] {
  return names.map((name) => lstatSync(nativePath(prefix + name), NO_THROW));
}

/** Only descriptors are worth going round, and only names that a string can hold. */
function steadyPathTo(root: Root, place: Place, directory: Directory): SteadyPath | undefined {
  if (root.confinement !== "descriptors") return undefined;
  return new SteadyPath(root.real + place.pathname, directory.stats());
}

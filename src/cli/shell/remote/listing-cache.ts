/** Listings that Tab has seen, for a while: asking a server at each key would be slow, and rude. */
import type { NamedEntry } from "../completion/source.js";

/** Milliseconds. Whatever this shell changes makes it forget at once; others change things too. */
export const FRESH = 30_000;
/** Names that are kept in all. */
const MOST_NAMES = 200_000;
/** Names of one directory; of more nobody chooses by Tab. */
export const MOST_IN_ONE = 50_000;

interface Kept {
  readonly entries: readonly NamedEntry[];
  readonly at: number;
}

export class ListingCache {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;
  #names = 0;

  /** @param now Milliseconds, of a clock that is never put back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get(directory: string): readonly NamedEntry[] | undefined {
    const found = this.#kept.get(directory);
    if (found === undefined) return undefined;
    if (this.#now() - found.at < FRESH) return found.entries;
    this.#forget(directory, found);
    return undefined;
  }

  put(directory: string, entries: readonly NamedEntry[]): void {
    const before = this.#kept.get(directory);
    if (before !== undefined) this.#forget(directory, before);
    if (entries.length > MOST_IN_ONE) return;
    this.#kept.set(directory, { entries, at: this.#now() });
    this.#names += entries.length;
    for (const [oldest, kept] of this.#kept) {
      if (this.#names <= MOST_NAMES) break;
      this.#forget(oldest, kept);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#names = 0;
  }

  #forget(directory: string, { entries }: Kept): void {
    this.#kept.delete(directory);
    this.#names -= entries.length;
  }
}

/** Listings as a source of bytes: entries come in batches, lines leave as the data connection takes them. */
import { globMatcher } from "../protocol/glob.js";
import { MAX_LIST_DEPTH } from "../protocol/limits.js";
import { childOf, type Pathname } from "../protocol/pathname.js";
import { encodeText, printable } from "../protocol/text.js";
import { StorageError } from "../storage/errors.js";
import type { Entry, Operation, ReadHandle, Storage } from "../storage/storage.js";

/** How one entry is written, its CRLF included; an empty text leaves it out. */
export type LineFormat = (entry: Entry) => string;

export interface ListingRequest {
  readonly storage: Storage;
  readonly directory: Pathname;
  readonly operation: Operation;
  readonly format: LineFormat;
  /** Only names that match. */
  readonly pattern?: string;
  /** Directories below too, each under a heading, as `ls -R`. */
  readonly recursive?: boolean;
  /** Asked for each of these; all when absent. */
  readonly mayList?: (directory: Pathname) => Promise<boolean>;
  /** What comes first, such as the entries `.` and `..`. */
  readonly before?: string;
}

/**
 * The lines of a listing, a batch of entries at a time.
 * @throws StorageError at once when the directory cannot be listed; of directories below, a line says so.
 */
export async function openListing(request: ListingRequest): Promise<ReadHandle> {
  const batches = request.storage.list(request.directory, request.operation)[Symbol.asyncIterator]();
  // Before the 150: what cannot be listed costs no data connection.
  const first = await batches.next();
  return new ListingSource(linesOf(request, { batches, first }), batches);
}

interface Opened {
  readonly batches: AsyncIterator<readonly Entry[]>;
  readonly first: IteratorResult<readonly Entry[]>;
}

async function* linesOf(request: ListingRequest, opened: Opened): AsyncGenerator<string> {
  const wanted = request.pattern === undefined ? undefined : globMatcher(request.pattern);
  const below: string[] = [];
  if (request.before !== undefined) yield request.before;
  yield* entryLines(request, opened, wanted, below);
  if (request.recursive !== true) return;
  // Depth first with a stack: as deep as pathnames go, but no recursion, and one directory open at a time.
  const waiting = below
    .reverse()
    .map((name) => ({ heading: name, path: childOf(request.directory, name), depth: 1 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { heading, path, depth } = next;
    yield `\r\n${printable(heading)}:\r\n`;
    const names: string[] = [];
    try {
      if ((await request.mayList?.(path)) === false) throw new StorageError("denied");
      const batches = request.storage.list(path, request.operation)[Symbol.asyncIterator]();
      yield* entryLines(request, { batches, first: await batches.next() }, undefined, names);
    } catch (error) {
      if (!(error instanceof StorageError) || error.reason === "aborted") throw error;
      yield "(cannot be listed)\r\n";
    }
    if (depth === MAX_LIST_DEPTH) continue;
    for (const name of names.reverse()) {
      waiting.push({ heading: `${heading}/${name}`, path: childOf(path, name), depth: depth + 1 });
    }
  }
}

async function* entryLines(
  { format, recursive }: ListingRequest,
  { batches, first }: Opened,
  wanted: ((name: string) => boolean) | undefined,
  below: string[],
): AsyncGenerator<string> {
  try {
    for (let result = first; result.done !== true; result = await batches.next()) {
      let lines = "";
      for (const entry of result.value) {
        if (wanted !== undefined && !wanted(entry.name)) continue;
        lines += format(entry);
        if (recursive === true && entry.type === "directory") below.push(entry.name);
      }
      if (lines !== "") yield lines;
    }
  } finally {
    await batches.return?.();
  }
}

/** A listing that is known whole, such as one of a single file. */
export function listingOf(lines: string): ReadHandle {
  return new ListingSource(
    (async function* () {
      yield lines;
    })(),
  );
}

class ListingSource implements ReadHandle {
  readonly #lines: AsyncGenerator<string>;
  readonly #batches: AsyncIterator<unknown> | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(lines: AsyncGenerator<string>, batches?: AsyncIterator<unknown>) {
    this.#lines = lines;
    this.#batches = batches;
  }

  async read(into: Uint8Array): Promise<number> {
    let filled = this.#copy(into, 0);
    while (filled < into.length) {
      const next = await this.#lines.next();
      if (next.done === true) break;
      this.#rest = encodeText(next.value);
      filled = this.#copy(into, filled);
    }
    return filled;
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
    // A generator that never began has no `finally` to run.
    await this.#batches?.return?.();
  }

  #copy(into: Uint8Array, filled: number): number {
    const count = Math.min(this.#rest.length, into.length - filled);
    into.set(this.#rest.subarray(0, count), filled);
    this.#rest = this.#rest.subarray(count);
    return filled + count;
  }
}

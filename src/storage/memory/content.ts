/**
 * Bytes of a file in memory: chunks that exist only where something was written, so that a hole costs nothing
 * and a growing file is never copied whole.
 */
import { StorageError } from "../errors.js";

const CHUNK = 64 * 1024;

/** What a tree may hold; every content and every entry of it draws on the same one. */
export class Space {
  readonly #capacity: number;
  readonly #entries: number;
  #usedBytes = 0;
  #usedEntries = 0;

  constructor(capacity: number, entries: number) {
    this.#capacity = capacity;
    this.#entries = entries;
  }

  get available(): number {
    return this.#capacity - this.#usedBytes;
  }

  /** @throws StorageError "no-space" */
  take(bytes: number): void {
    if (bytes > this.available) throw new StorageError("no-space", `${this.#capacity} bytes are used up`);
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  /** @throws StorageError "no-space" */
  takeEntry(): void {
    if (this.#usedEntries >= this.#entries) {
      throw new StorageError("no-space", `${this.#entries} entries are used up`);
    }
    this.#usedEntries += 1;
  }

  giveEntry(): void {
    this.#usedEntries -= 1;
  }
}

/** The first `used` bytes of a chunk; behind them are zeros. `bytes` may be longer, to grow without copying. */
interface Chunk {
  bytes: Uint8Array;
  used: number;
}

/** Starts with one reference, its creator's; the last {@link Content.release} gives the bytes back. */
export class Content {
  readonly #space: Space;
  readonly #chunks = new Map<number, Chunk>();
  #size = 0;
  #references = 1;

  constructor(space: Space) {
    this.#space = space;
  }

  get size(): number {
    return this.#size;
  }

  retain(): this {
    this.#references += 1;
    return this;
  }

  release(): void {
    this.#references -= 1;
    if (this.#references === 0) this.truncate(0);
  }

  /** The number of bytes copied: as many as fit, or as there are before `end`. */
  read(position: number, into: Uint8Array, end: number = this.#size): number {
    const length = Math.max(0, Math.min(into.length, Math.min(end, this.#size) - position));
    let done = 0;
    while (done < length) {
      const offset = (position + done) % CHUNK;
      const part = into.subarray(done, Math.min(length, done + CHUNK - offset));
      const chunk = this.#chunks.get(Math.floor((position + done) / CHUNK));
      const there = chunk?.bytes.subarray(offset, Math.min(chunk.used, offset + part.length));
      if (there !== undefined) part.set(there);
      part.fill(0, there?.length ?? 0);
      done += part.length;
    }
    return length;
  }

  /** All of `bytes` or, when there is no room, none. @throws StorageError "no-space", "too-large" */
  write(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    checkSize(end);
    this.#space.take(this.#growth(position, end));
    let done = 0;
    while (done < bytes.length) {
      const offset = (position + done) % CHUNK;
      const part = bytes.subarray(done, done + CHUNK - offset);
      this.#writeChunk(Math.floor((position + done) / CHUNK), offset, part);
      done += part.length;
    }
    this.#size = Math.max(this.#size, end);
  }

  /** With a hole at the end when it becomes longer. @throws StorageError "too-large" */
  resize(size: number): void {
    checkSize(size);
    if (size < this.#size) this.truncate(size);
    this.#size = size;
  }

  truncate(size: number): void {
    if (size >= this.#size) return;
    this.#size = size;
    for (const [index, chunk] of this.#chunks) {
      const keep = Math.max(0, size - index * CHUNK);
      if (chunk.used <= keep) continue;
      this.#space.give(chunk.used - keep);
      if (keep === 0) this.#chunks.delete(index);
      else chunk.used = keep;
    }
  }

  /** Bytes that a write from `position` to `end` adds to what is stored. */
  #growth(position: number, end: number): number {
    let growth = 0;
    for (let index = Math.floor(position / CHUNK); index * CHUNK < end; index++) {
      const used = this.#chunks.get(index)?.used ?? 0;
      growth += Math.max(0, Math.min(CHUNK, end - index * CHUNK) - used);
    }
    return growth;
  }

  #writeChunk(index: number, offset: number, part: Uint8Array): void {
    const end = offset + part.length;
    const chunk = this.#chunks.get(index) ?? { bytes: new Uint8Array(0), used: 0 };
    if (end > chunk.bytes.length) {
      // Doubling keeps a file that comes in small pieces from being copied once for each of them.
      const grown = new Uint8Array(Math.min(CHUNK, Math.max(end, chunk.bytes.length * 2)));
      grown.set(chunk.bytes.subarray(0, chunk.used));
      chunk.bytes = grown;
    }
    // Behind `used` may be what a truncation left.
    if (offset > chunk.used) chunk.bytes.fill(0, chunk.used, offset);
    chunk.bytes.set(part, offset);
    chunk.used = Math.max(chunk.used, end);
    this.#chunks.set(index, chunk);
  }
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size)) throw new StorageError("too-large", `a file cannot have ${size} bytes`);
}

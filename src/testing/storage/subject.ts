/** The storage under test, with short ways to do what the tests do all the time. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Pathname, pathname } from "../../protocol/pathname.js";
import { StorageError, type StorageReason } from "../../storage/errors.js";
import type { Entry, Operation, Storage, WriteHandle, WriteIntent } from "../../storage/storage.js";

/** What cannot be seen from the methods that a storage has. */
export interface StorageCapabilities {
  /** The longest name in bytes of UTF-8; a longer one is "bad-name". Undefined when there is no such bound. */
  readonly nameBytes: number | undefined;
  /** Whether names can hold bytes that are not UTF-8 (lone surrogates U+DC80 to U+DCFF). */
  readonly anyBytes: boolean;
  /** Whether a new content stays hidden until it is committed. */
  readonly atomic: boolean;
  /** Whether holes cost next to nothing, so that files of several GiB can be made. */
  readonly sparse: boolean;
  /** Times are kept to so many milliseconds. */
  readonly timeResolution: number;
  /** A part of a broken upload ends at the last multiple of this that lies strictly below what arrived. */
  readonly partUnit: number;
}

export interface StorageUnderTest {
  /** Empty, of an account that is not anonymous. */
  readonly storage: Storage;
  /**
   * Another view of the same content, as after a restart or another login: of the same account, of another one,
   * or of an anonymous login. Tests that need it are skipped when it is absent.
   */
  again?(account?: "another" | "anonymous"): Promise<Storage>;
  /** Takes everything away. */
  dispose(): Promise<void>;
}

export type Optional = {
  [K in keyof Storage]-?: undefined extends Storage[K] ? K : never;
}[keyof Storage];

/** What most tests write through, so that every kind of buffer boundary is met. */
const CHUNK = 40_000;

export class Subject {
  readonly storage: Storage;
  readonly capabilities: StorageCapabilities;
  readonly #under: StorageUnderTest;

  constructor(under: StorageUnderTest, capabilities: StorageCapabilities, storage: Storage = under.storage) {
    this.#under = under;
    this.storage = storage;
    this.capabilities = capabilities;
  }

  /** An operation that nobody aborts. */
  get o(): Operation {
    return { signal: new AbortController().signal };
  }

  get hasViews(): boolean {
    return this.#under.again !== undefined;
  }

  async view(account?: "another" | "anonymous"): Promise<Subject> {
    const storage = await this.#under.again?.(account);
    assert.ok(storage !== undefined, "there is a second view");
    return new Subject(this.#under, this.capabilities, storage);
  }

  /** An optional method; the tests that call this are skipped for storages without it. */
  method<K extends Optional>(name: K): NonNullable<Storage[K]> {
    const method = this.storage[name];
    assert.ok(method !== undefined, `${name} is there`);
    return (typeof method === "function" ? method.bind(this.storage) : method) as NonNullable<Storage[K]>;
  }

  open(path: string, intent: WriteIntent): Promise<WriteHandle> {
    return this.storage.openWrite(pathname(path), { ...this.o, ...intent });
  }

  /** Creates a file, or writes with another intent, and commits. */
  async write(
    path: string,
    content: string | Uint8Array,
    intent: WriteIntent = { intent: "create" },
  ): Promise<Entry> {
    const handle = await this.open(path, intent);
    try {
      await feed(handle, content);
      return await handle.commit();
    } catch (error) {
      await handle.abandon(error);
      throw error;
    }
  }

  /** An upload that breaks off when `content` has arrived. */
  async breakOff(path: string, content: string | Uint8Array, intent: WriteIntent): Promise<number> {
    const handle = await this.open(path, intent);
    await feed(handle, content);
    return (await handle.abandon(new Error("the connection was lost"))).kept;
  }

  async read(
    path: string,
    { start = 0, end, chunk = CHUNK }: { start?: number; end?: number; chunk?: number } = {},
  ): Promise<Buffer> {
    const range = end === undefined ? { start } : { start, end };
    const handle = await this.storage.openRead(pathname(path), { ...this.o, ...range });
    try {
      const parts: Buffer[] = [];
      for (;;) {
        const into = Buffer.alloc(chunk);
        const length = await handle.read(into);
        assert.ok(length >= 0 && length <= chunk, `read gave ${length} of ${chunk}`);
        if (length === 0) return Buffer.concat(parts);
        parts.push(into.subarray(0, length));
      }
    } finally {
      await handle.close();
    }
  }

  async text(path: string): Promise<string> {
    return (await this.read(path)).toString("utf8");
  }

  stat(path: string): Promise<Entry> {
    return this.storage.stat(pathname(path), this.o);
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.stat(path);
      return true;
    } catch (error) {
      assert.ok(error instanceof StorageError && error.reason === "not-found", String(error));
      return false;
    }
  }

  async entries(path: string): Promise<Map<string, Entry>> {
    const found = new Map<string, Entry>();
    for await (const batch of this.storage.list(pathname(path), this.o)) {
      for (const entry of batch) {
        assert.ok(!found.has(entry.name), `${entry.name} is listed twice`);
        found.set(entry.name, entry);
      }
    }
    return found;
  }

  async names(path: string): Promise<string[]> {
    return [...(await this.entries(path)).keys()].sort();
  }

  makeDirectory(path: string): Promise<void> {
    return this.storage.makeDirectory(pathname(path), this.o);
  }

  remove(path: string): Promise<void> {
    return this.storage.remove(pathname(path), this.o);
  }

  removeDirectory(path: string): Promise<void> {
    return this.storage.removeDirectory(pathname(path), this.o);
  }

  rename(from: string, to: string, replace: boolean): Promise<void> {
    return this.storage.rename(pathname(from), pathname(to), { ...this.o, replace });
  }

  makeLink(path: string, target: string): Promise<void> {
    return this.method("makeLink")(pathname(path), target, this.o);
  }

  /** Bytes of the part that could be continued; undefined when there is none. */
  async part(path: Pathname | string): Promise<number | undefined> {
    return (await this.method("partial")(pathname(path), this.o))?.size;
  }
}

/** Writes in chunks whose buffer is overwritten as soon as the handle gives it back: it was only lent. */
export async function feed(handle: WriteHandle, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const lent = Buffer.from(bytes.subarray(at, at + CHUNK));
    await handle.write(lent);
    lent.fill(0xee);
  }
}

/** Bytes that differ everywhere, so that a piece in a wrong place shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let value = seed;
  for (let at = 0; at < length; at++) {
    value = (value * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    bytes[at] = value >> 16;
  }
  return bytes;
}

/** The reason that something fails for. Fails when it does not, or with anything but a StorageError. */
export async function reasonOf(work: Promise<unknown> | (() => unknown)): Promise<StorageReason> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    assert.ok(error instanceof StorageError, `not a StorageError: ${String(error)}`);
    return error.reason;
  }
  assert.fail("it should have failed");
}

export async function assertReason(
  work: Promise<unknown> | (() => unknown),
  ...allowed: readonly StorageReason[]
): Promise<void> {
  const reason = await reasonOf(work);
  assert.ok(allowed.includes(reason), `"${reason}", where it should be "${allowed.join('" or "')}"`);
}

/** The first batch, which is where a listing says what is wrong. */
export async function firstBatch(listing: AsyncIterable<readonly Entry[]>): Promise<void> {
  for await (const _ of listing) return;
}

/** Buffers of many kilobytes, compared without printing them. */
export function assertBytes(found: Uint8Array, expected: Uint8Array): void {
  const same = Buffer.compare(found, expected) === 0;
  if (same) return;
  const at = expected.findIndex((byte, n) => byte !== found[n]);
  const where = at === -1 ? expected.length : at;
  assert.fail(`${found.length} bytes where ${expected.length} were expected; they differ from byte ${where}`);
}

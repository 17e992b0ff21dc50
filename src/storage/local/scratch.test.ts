/** What the tests of this directory stand on: roots that vanish, and descriptors that must be closed. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Pathname, pathname } from "../../protocol/pathname.js";
import { StorageError, type StorageReason } from "../errors.js";
import type { Entry, Operation, WriteHandle, WriteIntent } from "../storage.js";
import { type LocalStorage, type LocalStorageOptions, openLocalStorage } from "./index.js";

/** Memory where there is some: creating files on a worn ext4 costs up to a millisecond each. */
export const SCRATCH = writableDirectory("/dev/shm") ?? tmpdir();

export const o: Operation = { signal: new AbortController().signal };

export interface Scratch {
  /** What is served. */
  readonly root: string;
  /** Beside it; nothing may come from here, or go there. */
  readonly outside: string;
  /** Closed when the test ends. */
  open(options?: Partial<LocalStorageOptions>): Promise<LocalStorage>;
  readonly warnings: string[];
}

/** A test with directories of its own, which fails when a descriptor in them is left open. */
export function scratchTest(name: string, run: (scratch: Scratch) => Promise<void>): void {
  test(name, async () => {
    const base = realpathSync(mkdtempSync(join(SCRATCH, "ferry-local-")));
    const opened: LocalStorage[] = [];
    const warnings: string[] = [];
    const scratch: Scratch = {
      root: join(base, "root"),
      outside: join(base, "outside"),
      warnings,
      async open(options = {}) {
        const warn = (message: string) => void warnings.push(message);
        const storage = await openLocalStorage({ root: scratch.root, account: "someone", warn, ...options });
        opened.push(storage);
        return storage;
      },
    };
    chmodSync(base, 0o755); // For tests that give up being root.
    mkdirSync(scratch.root);
    mkdirSync(scratch.outside);
    let left: string[];
    try {
      await run(scratch);
    } finally {
      for (const storage of opened) storage.close();
      left = openUnder(base);
      rmSync(base, { recursive: true });
    }
    assert.deepEqual(left, [], "descriptors are left open");
  });
}

/** What this process has open in a directory; removed files are told as "… (deleted)". */
export function openUnder(directory: string): string[] {
  const found: string[] = [];
  for (const descriptor of readdirSync("/proc/self/fd")) {
    try {
      found.push(readlinkSync(`/proc/self/fd/${descriptor}`));
    } catch {
      // The one that read the directory.
    }
  }
  return found.filter((path) => path.startsWith(directory));
}

export function at(path: string): Pathname {
  return pathname(path);
}

export async function put(
  storage: LocalStorage,
  path: string,
  content: string | Uint8Array,
  intent: WriteIntent = { intent: "replace" },
): Promise<Entry> {
  const handle = await storage.openWrite(at(path), { ...o, ...intent });
  await handle.write(typeof content === "string" ? Buffer.from(content) : content);
  return handle.commit();
}

export async function breakOff(
  storage: LocalStorage,
  path: string,
  bytes: number,
  intent: WriteIntent = { intent: "replace" },
): Promise<number> {
  const handle = await storage.openWrite(at(path), { ...o, ...intent });
  if (bytes > 0) await handle.write(Buffer.alloc(bytes, "x"));
  return giveUp(handle);
}

export async function giveUp(handle: WriteHandle): Promise<number> {
  return (await handle.abandon(new Error("the connection was lost"))).kept;
}

export async function get(storage: LocalStorage, path: string, start = 0, end?: number): Promise<Buffer> {
  const handle = await storage.openRead(at(path), end === undefined ? { ...o, start } : { ...o, start, end });
  const chunks: Buffer[] = [];
  const into = Buffer.alloc(100_000);
  try {
    for (let bytes = await handle.read(into); bytes > 0; bytes = await handle.read(into)) {
      chunks.push(Buffer.from(into.subarray(0, bytes)));
    }
  } finally {
    await handle.close();
  }
  return Buffer.concat(chunks);
}

export async function entries(storage: LocalStorage, path: string): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  for await (const batch of storage.list(at(path), o))
    for (const entry of batch) found.set(entry.name, entry);
  return found;
}

export async function names(storage: LocalStorage, path: string): Promise<string[]> {
  return [...(await entries(storage, path)).keys()].sort();
}

/** The hidden names in a directory on disk. */
export function hiddenIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith(".ferry-"));
}

export async function refused(work: Promise<unknown>, ...reasons: readonly StorageReason[]): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof StorageError, String(error));
    assert.ok(reasons.includes(error.reason), `"${error.reason}" instead of "${reasons.join('" or "')}"`);
    return true;
  });
}

function writableDirectory(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return path;
  } catch {
    return undefined;
  }
}

test("an open descriptor in a scratch directory is noticed", () => {
  const directory = realpathSync(mkdtempSync(join(SCRATCH, "ferry-local-")));
  const descriptor = openSync(directory, "r");
  assert.deepEqual(openUnder(directory), [directory]);
  closeSync(descriptor);
  assert.deepEqual(openUnder(directory), []);
  rmSync(directory, { recursive: true });
});

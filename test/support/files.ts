/** The two storages that tests serve, each seen from behind: without the code that is being tested where possible. */
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathname } from "ferry/protocol";
import type { Storage } from "ferry/storage";
import { openLocalStorage } from "ferry/storage/local";
import { type MemoryStorage, MemoryTree } from "ferry/storage/memory";

export interface ServedFiles {
  readonly kind: "local" | "memory";
  /** A storage for one login. */
  open(account: string): Promise<Storage>;
  put(path: string, content: string | Uint8Array): Promise<void>;
  get(path: string): Promise<Buffer>;
  /** Sorted. */
  names(directory: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  /** A file, if it is there. */
  remove(path: string): Promise<void>;
  /** All of it. */
  destroy(): void;
}

export const STORAGES = { local: localFiles, memory: memoryFiles } as const;

export type StorageKind = keyof typeof STORAGES;

function localFiles(): ServedFiles {
  const root = mkdtempSync(join(tmpdir(), "ferry-served-"));
  return {
    kind: "local",
    open: (account) => openLocalStorage({ root, account }),
    put: async (path, content) => writeFileSync(join(root, path), content),
    get: async (path) => readFileSync(join(root, path)),
    // What the storage itself keeps there is hidden from clients too.
    names: async (path) =>
      readdirSync(join(root, path))
        .filter((name) => !name.startsWith(".ferry-"))
        .sort(),
    makeDirectory: async (path) => void mkdirSync(join(root, path)),
    remove: async (path) => rmSync(join(root, path), { force: true }),
    destroy: () => rmSync(root, { recursive: true, force: true }),
  };
}

function memoryFiles(): ServedFiles {
  const tree = new MemoryTree();
  const behind: MemoryStorage = tree.storageFor("behind");
  const o = { signal: new AbortController().signal };
  return {
    kind: "memory",
    open: async (account) => tree.storageFor(account),
    async put(path, content) {
      const handle = await behind.openWrite(pathname(path), { ...o, intent: "replace" });
      await handle.write(Buffer.from(content));
      await handle.commit();
    },
    async get(path) {
      const handle = await behind.openRead(pathname(path), { ...o, start: 0 });
      const chunks: Buffer[] = [];
      const buffer = Buffer.alloc(64 * 1024);
      for (let length = await handle.read(buffer); length > 0; length = await handle.read(buffer)) {
        chunks.push(Buffer.from(buffer.subarray(0, length)));
      }
      await handle.close();
      return Buffer.concat(chunks);
    },
    async names(path) {
      const names: string[] = [];
      for await (const batch of behind.list(pathname(path), o)) names.push(...batch.map(({ name }) => name));
      return names.sort();
    },
    makeDirectory: (path) => behind.makeDirectory(pathname(path), o),
    async remove(path) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const directory = path.slice(0, -name.length);
      if ((await this.names(directory)).includes(name)) await behind.remove(pathname(path), o);
    },
    destroy() {},
  };
}

export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Bytes without a pattern, so that a piece in the wrong place shows. */
export function someBytes(length: number): Buffer {
  return randomBytes(length);
}

/** A folder of this machine for one test, with what a client program reads and writes. */
export class LocalFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "ferry-client-"));

  at(name: string): string {
    return join(this.path, name);
  }

  put(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  get(name: string): Buffer {
    return readFileSync(this.at(name));
  }

  has(name: string): boolean {
    return existsSync(this.at(name));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

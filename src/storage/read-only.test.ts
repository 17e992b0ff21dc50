import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { pathname } from "../protocol/pathname.js";
import { StorageError } from "./errors.js";
import { MemoryStorage } from "./memory.js";
import { readOnly } from "./read-only.js";
import type { Storage } from "./storage.js";

const o = { signal: new AbortController().signal };
const file = pathname("/dir/file");

describe("readOnly", () => {
  const make = (): Storage => readOnly(new MemoryStorage({ initial: { dir: { file: "content" } } }));

  test("shows everything that is there", async () => {
    const storage = make();
    assert.equal((await storage.stat(file, o)).size, 7);
    const listed: string[] = [];
    for await (const batch of storage.list(pathname("/dir"), o))
      listed.push(...batch.map(({ name }) => name));
    assert.deepEqual(listed, ["file"]);
    const handle = await storage.openRead(file, { ...o, start: 3 });
    const into = Buffer.alloc(10);
    assert.equal(await handle.read(into), 4);
    assert.equal(into.toString("latin1", 0, 4), "tent");
    await handle.close();
    assert.equal(await storage.resolve?.(file, o), file);
    assert.equal((await storage.statLink?.(file, o))?.type, "file");
    assert.equal(await storage.digest?.(file, "crc32", o), "fec530a9");
  });

  test('refuses every change: "read-only"', async () => {
    const storage = make();
    const changes: (() => Promise<unknown>)[] = [
      () => storage.openWrite(pathname("/new"), { ...o, intent: "create" }),
      () => storage.openWrite(file, { ...o, intent: "replace" }),
      () => storage.openWrite(file, { ...o, intent: "append" }),
      () => storage.openWrite(file, { ...o, intent: "resume", start: 0 }),
      () => storage.remove(file, o),
      () => storage.makeDirectory(pathname("/new"), o),
      () => storage.removeDirectory(pathname("/dir"), o),
      () => storage.rename(file, pathname("/dir/other"), { ...o, replace: true }),
    ];
    for (const change of changes) {
      await assert.rejects(change, (error) => error instanceof StorageError && error.reason === "read-only");
    }
    assert.equal((await storage.stat(file, o)).size, 7);
  });

  test("has no optional method that could change something", () => {
    const storage = make();
    const optional = Object.keys(storage).filter((name) => !REQUIRED.has(name));
    assert.deepEqual(optional.sort(), ["digest", "resolve", "statLink"]);
  });
});

const REQUIRED = new Set([
  "stat",
  "list",
  "openRead",
  "openWrite",
  "remove",
  "makeDirectory",
  "removeDirectory",
  "rename",
]);

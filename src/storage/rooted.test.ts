import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { type Pathname, pathname } from "../protocol/pathname.js";
import { storageConformance } from "../testing/storage-conformance.js";
import { StorageError, type StorageReason } from "./errors.js";
import { forward } from "./forward.js";
import { MemoryTree } from "./memory.js";
import { rooted } from "./rooted.js";
import type { Entry, Storage } from "./storage.js";

const o = { signal: new AbortController().signal };
const because = (reason: StorageReason) => (error: unknown) =>
  error instanceof StorageError && error.reason === reason;

for (const [name, directory] of [
  ["rooted", "/home/someone"],
  ["rooted at a directory behind a link", "/users/someone"],
] as const) {
  storageConformance({
    name,
    async make() {
      const tree = new MemoryTree({
        initial: { "file above": "x", home: { "file beside": "x", someone: {} } },
      });
      await tree.storageFor().makeLink(pathname("/users"), "home", o);
      const view = (account: string | undefined): Storage =>
        rooted(tree.storageFor(account), pathname(directory));
      return {
        storage: view("someone"),
        again: async (account) =>
          view(account === undefined ? "someone" : account === "another" ? "another" : undefined),
        async dispose() {
          assert.deepEqual(await names(tree.storageFor(), "/"), ["file above", "home", "users"]);
          assert.deepEqual(await names(tree.storageFor(), "/home"), ["file beside", "someone"]);
        },
      };
    },
    demands: ["partial", "openUnique", "resolve", "makeLink", "digest"],
  });
}

async function names(storage: Storage, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of storage.list(pathname(path), o)) found.push(...batch.map((entry) => entry.name));
  return found.sort();
}

async function entry(storage: Storage, path: string): Promise<Entry | undefined> {
  return storage.statLink?.(pathname(path), o);
}

describe("rooted as such", () => {
  const make = async (): Promise<{ inner: Storage; outer: Storage }> => {
    const inner = new MemoryTree({
      initial: { secret: "top", home: { one: { file: "mine" }, two: { file: "other" } } },
    }).storageFor();
    return { inner, outer: rooted(inner, pathname("/home/one")) };
  };

  test("leaves every way out of the directory closed", async () => {
    const { inner, outer } = await make();
    const links = [
      ["/home/one/parent", ".."],
      ["/home/one/sibling", "../two"],
      ["/home/one/absolute", "/secret"],
      ["/home/one/two-steps", "parent/two"],
    ] as const;
    for (const [path, target] of links) await inner.makeLink?.(pathname(path), target, o);
    const ways = ["/parent", "/parent/two/file", "/sibling", "/sibling/file", "/absolute", "/two-steps/file"];
    for (const way of ways.map(pathname)) {
      const calls: (() => Promise<unknown> | undefined)[] = [
        () => outer.stat(way, o),
        () => names(outer, way),
        () => outer.openRead(way, { ...o, start: 0 }),
        () => outer.openWrite(way, { ...o, intent: "replace" }),
        () => outer.openWrite(way, { ...o, intent: "append" }),
        () => outer.partial?.(way, o),
        () => outer.resolve?.(way, o),
        () => outer.setMode?.(way, 0o600, o),
        () => outer.setTimes?.(way, { modified: 0 }, o),
        () => outer.digest?.(way, "md5", o),
        () => outer.openUnique?.(way, o),
        () => outer.availableSpace?.(way, o),
      ];
      for (const call of calls) await assert.rejects(async () => call(), because("denied"), way);
    }
    for (const way of ["/parent/new", "/sibling/new", "/sibling/file"].map(pathname)) {
      const calls: (() => Promise<unknown> | undefined)[] = [
        () => outer.remove(way, o),
        () => outer.makeDirectory(way, o),
        () => outer.removeDirectory(way, o),
        () => outer.openWrite(way, { ...o, intent: "create" }),
        () => outer.rename(pathname("/file"), way, { ...o, replace: true }),
        () => outer.rename(way, pathname("/taken"), { ...o, replace: true }),
        () => outer.makeLink?.(way, "x", o),
        () => outer.statLink?.(way, o),
      ];
      for (const call of calls) await assert.rejects(async () => call(), because("denied"), way);
    }
    assert.deepEqual(await names(inner, "/home/two"), ["file"]);
    assert.deepEqual(await names(inner, "/home/one"), ["absolute", "file", "parent", "sibling", "two-steps"]);
  });

  test("takes absolute targets from its own root, and shows them so", async () => {
    const { inner, outer } = await make();
    await outer.makeLink?.(pathname("/link"), "/file", o);
    assert.equal((await entry(inner, "/home/one/link"))?.target, "/home/one/file");
    assert.equal((await entry(outer, "/link"))?.target, "/file");
    assert.equal((await outer.stat(pathname("/link"), o)).size, 4);
    assert.equal(await outer.resolve?.(pathname("/link"), o), "/file");
  });

  test("names its root as a root", async () => {
    const { outer } = await make();
    assert.equal((await outer.stat(pathname("/"), o)).name, "");
    assert.equal(await outer.resolve?.(pathname("/"), o), "/");
  });

  test("is the storage itself when its root is the root", () => {
    const inner = new MemoryTree().storageFor();
    assert.equal(rooted(inner, pathname("/")), inner);
  });

  test("works on a storage that knows no links", async () => {
    const { inner } = await make();
    const plain = forward(inner, { resolve: undefined, statLink: undefined, makeLink: undefined });
    const outer = rooted(plain, pathname("/home/one"));
    assert.equal(outer.resolve, undefined);
    assert.deepEqual(await names(outer, "/"), ["file"]);
    const handle = await outer.openWrite(pathname("/new"), { ...o, intent: "create" });
    await handle.write(Buffer.from("x"));
    assert.equal((await handle.commit()).name, "new");
    assert.deepEqual(await names(inner, "/home/one"), ["file", "new"]);
  });

  test("passes the closing on", async () => {
    const { inner } = await make();
    const closed: string[] = [];
    const outer = rooted(
      Object.assign(forward(inner, {}), { close: () => void closed.push("inner") }),
      "/home" as Pathname,
    );
    await outer.close?.();
    assert.deepEqual(closed, ["inner"]);
  });
});

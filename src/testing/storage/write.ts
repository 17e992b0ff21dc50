import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { WriteIntent } from "../../storage/storage.js";
import { assertBytes, assertReason, feed, pattern } from "./subject.js";
import type { Suite } from "./suite.js";

const CREATE: WriteIntent = { intent: "create" };
const REPLACE: WriteIntent = { intent: "replace" };
const INTENTS: readonly WriteIntent[] = [
  CREATE,
  REPLACE,
  { intent: "append" },
  { intent: "resume", start: 0 },
];

export function writeTests(suite: Suite): void {
  const content = pattern(200_003);
  const hidden = suite.capabilities.atomic;

  suite.test("creates a file with exactly the bytes that were written", {}, async (s) => {
    const entry = await s.write("/file", content);
    assert.equal(entry.name, "file");
    assert.equal(entry.type, "file");
    assert.equal(entry.size, content.length);
    assertBytes(await s.read("/file"), content);
    const found = await s.stat("/file");
    for (const field of ["name", "type", "size", "modified", "unique"] as const) {
      assert.equal(found[field], entry[field], field);
    }
  });

  suite.test("takes chunks of every size, empty ones too, which it does not keep", {}, async (s) => {
    const handle = await s.open("/file", CREATE);
    assert.equal(handle.start, 0);
    let at = 0;
    for (const size of [0, 1, 2, 0, 65_535, 1, 65_536, 65_537, 0]) {
      const lent = Buffer.from(content.subarray(at, at + size));
      await handle.write(lent);
      lent.fill(0xee);
      at += size;
    }
    await handle.commit();
    assertBytes(await s.read("/file"), content.subarray(0, at));
  });

  suite.test("makes empty files", {}, async (s) => {
    for (const [name, intent] of [
      ["created", CREATE],
      ["replaced", REPLACE],
      ["appended", { intent: "append" }],
    ] as const) {
      assert.equal((await s.write(`/${name}`, "", intent)).size, 0);
      assert.equal((await s.stat(`/${name}`)).size, 0);
    }
  });

  suite.test('refuses to create what is there: "exists"', {}, async (s) => {
    await s.write("/file", "old");
    await s.makeDirectory("/dir");
    await assertReason(s.write("/file", "new"), "exists");
    await assertReason(s.write("/dir", "new"), "exists", "is-directory");
    assert.equal(await s.text("/file"), "old");
  });

  suite.test("lets one of two who create the same file win, and tells the other", {}, async (s) => {
    const outcomes = await Promise.allSettled([s.write("/file", "one"), s.write("/file", "other")]);
    const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    assert.equal(lost.length, 1);
    await assertReason(Promise.reject(lost[0]), "exists", "busy");
    assert.match(await s.text("/file"), /^(one|other)$/);
  });

  suite.test(
    "tells who creates a file that came up meanwhile",
    { views: true, capability: "atomic" },
    async (s) => {
      const handle = await s.open("/file", CREATE);
      await feed(handle, "late");
      await (await s.view("another")).write("/file", "early", REPLACE);
      await assertReason(() => handle.commit(), "exists");
      await handle.abandon(new Error("it could not be committed"));
      assert.equal(await s.text("/file"), "early");
    },
  );

  suite.test("shows a new file only when it is committed", { capability: "atomic" }, async (s) => {
    const handle = await s.open("/file", CREATE);
    await feed(handle, content);
    assert.equal(await s.exists("/file"), false);
    assert.deepEqual(await s.names("/"), []);
    await handle.commit();
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("keeps the old content until a new one is committed", {}, async (s) => {
    await s.write("/file", content);
    const handle = await s.open("/file", REPLACE);
    await feed(handle, "short");
    if (hidden) assertBytes(await s.read("/file"), content);
    const entry = await handle.commit();
    assert.equal(entry.size, 5);
    assert.equal(await s.text("/file"), "short");
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("leaves no trace of a new file that was given up", {}, async (s) => {
    for (const intent of [CREATE, REPLACE, { intent: "append" }] as const) {
      await s.breakOff("/file", "half a file", intent);
      if (hidden) assert.equal(await s.exists("/file"), false);
      if (hidden) assert.deepEqual(await s.names("/"), []);
    }
  });

  suite.test(
    "leaves the file as it was when its replacement is given up",
    { capability: "atomic" },
    async (s) => {
      await s.write("/file", content);
      await s.breakOff("/file", pattern(150_000, 2), REPLACE);
      assertBytes(await s.read("/file"), content);
      assert.deepEqual(await s.names("/"), ["file"]);
    },
  );

  suite.test("never mixes two replacements of one file", {}, async (s) => {
    await s.write("/file", "old");
    const contents = [pattern(100_000, 2), pattern(100_000, 3)];
    const outcomes = await Promise.allSettled(contents.map((bytes) => s.write("/file", bytes, REPLACE)));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") await assertReason(Promise.reject(outcome.reason), "busy");
    }
    const found = await s.read("/file");
    assert.ok(
      contents.some((bytes) => bytes.equals(found)),
      "it is neither content",
    );
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("writes many files at the same time", {}, async (s) => {
    const contents = Array.from({ length: 20 }, (_, n) => pattern(30_000 + n, n + 1));
    await Promise.all(contents.map((bytes, n) => s.write(`/file ${n}`, bytes)));
    for (const [n, bytes] of contents.entries()) assertBytes(await s.read(`/file ${n}`), bytes);
  });

  suite.test("keeps the time that a commit gives", {}, async (s) => {
    const modified = Date.UTC(2001, 1, 3, 4, 5, 6);
    const handle = await s.open("/file", CREATE);
    await feed(handle, "x");
    const entry = await handle.commit({ modified });
    for (const found of [entry, await s.stat("/file")]) {
      assert.ok(Math.abs(found.modified - modified) < s.capabilities.timeResolution, `${found.modified}`);
    }
  });

  suite.test("says why nothing can be written there", {}, async (s) => {
    await s.write("/file", "x");
    await s.makeDirectory("/dir");
    for (const intent of INTENTS) {
      await assertReason(s.open("/missing/file", intent), "not-found");
      await assertReason(s.open("/file/below", intent), "not-directory");
      const there =
        intent.intent === "create" ? (["exists", "is-directory"] as const) : (["is-directory"] as const);
      await assertReason(s.open("/dir", intent), ...there);
      await assertReason(s.open("/", intent), ...there);
    }
    assert.deepEqual(await s.names("/"), ["dir", "file"]);
  });

  suite.test("leaves zeros where bytes were skipped", {}, async (s) => {
    const handle = await s.open("/file", CREATE);
    if (handle.skip === undefined) return void (await handle.abandon(new Error("nothing to test")));
    await handle.skip(3);
    await handle.write(Buffer.from("abc"));
    await handle.skip(100_000);
    await handle.write(Buffer.from("def"));
    await handle.skip(5);
    const entry = await handle.commit();
    const zeros = (length: number) => Buffer.alloc(length);
    const expected = [zeros(3), Buffer.from("abc"), zeros(100_000), Buffer.from("def"), zeros(5)];
    assert.equal(entry.size, 100_014);
    assertBytes(await s.read("/file"), Buffer.concat(expected));
  });

  suite.test("holds files of more than 4 GiB", { capability: "sparse" }, async (s) => {
    const far = 5 * 1024 ** 3 + 1;
    const handle = await s.open("/big", CREATE);
    if (handle.skip === undefined) return void (await handle.abandon(new Error("nothing to test")));
    await handle.skip(far);
    await handle.write(Buffer.from("far away"));
    assert.equal((await handle.commit()).size, far + 8);
    assert.equal((await s.read("/big", { start: far })).toString(), "far away");
    assert.equal((await s.read("/big", { start: far - 2, end: far + 3 })).toString(), "\0\0far");
    await s.write("/big", ", and on", { intent: "resume", start: far + 8 });
    assert.equal((await s.stat("/big")).size, far + 16);
    assert.equal((await s.read("/big", { start: far })).toString(), "far away, and on");
  });
}

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decodeText } from "../../protocol/text.js";
import {
  at,
  breakOff,
  entries,
  hiddenIn,
  names,
  o,
  openUnder,
  refused,
  scratchTest,
} from "./scratch.test.js";

const MANY = 100_000;

scratchTest(
  "100,000 entries come in small batches, with turns of the loop between them",
  async ({ root, open }) => {
    for (let n = 0; n < MANY; n++) closeSync(openSync(join(root, `file ${n}`), "w"));
    const storage = await open();
    const seen = new Set<string>();
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    for await (const batch of storage.list(at("/"), o)) {
      assert.ok(batch.length <= 256, `${batch.length} at once`);
      for (const entry of batch) seen.add(entry.name);
    }
    counting = false;
    assert.equal(seen.size, MANY);
    assert.ok(turns > 20, `${turns} turns`);
  },
);

scratchTest("a listing that is left early closes what it opened", async ({ root, open }) => {
  for (let n = 0; n < 1000; n++) writeFileSync(join(root, `${n}`), "");
  const storage = await open();
  for await (const batch of storage.list(at("/"), o)) {
    assert.ok(batch.length > 0);
    break;
  }
  storage.close();
  assert.deepEqual(openUnder(root), []);
});

scratchTest("a listing that is aborted says so", async ({ root, open }) => {
  for (let n = 0; n < 1000; n++) writeFileSync(join(root, `${n}`), "");
  const stop = new AbortController();
  const storage = await open();
  const listing = async (): Promise<void> => {
    for await (const _ of storage.list(at("/"), { signal: stop.signal })) stop.abort();
  };
  await refused(listing(), "aborted");
});

scratchTest("what is removed while it is listed is left out", async ({ root, open }) => {
  for (let n = 0; n < 1000; n++) writeFileSync(join(root, `${n}`), "");
  const storage = await open();
  const seen: string[] = [];
  for await (const batch of storage.list(at("/"), o)) {
    if (seen.length === 0) {
      const first = new Set(batch.map((entry) => entry.name));
      for (let n = 0; n < 1000; n++) if (!first.has(`${n}`)) unlinkSync(join(root, `${n}`));
    }
    seen.push(...batch.map((entry) => entry.name));
  }
  assert.ok(seen.length < 1000);
});

scratchTest("entries tell what the disk tells", async ({ root, open }) => {
  writeFileSync(join(root, "file"), "12345", { mode: 0o640 });
  utimesSync(join(root, "file"), 1_000_000_000, 1_234_567_890.5);
  mkdirSync(join(root, "dir"));
  symlinkSync("file", join(root, "link"));
  const found = await entries(await open(), "/");
  const stats = statSync(join(root, "file"));
  const file = found.get("file");
  assert.equal(file?.type, "file");
  assert.equal(file?.size, 5);
  assert.equal(file?.modified, 1_234_567_890_500);
  assert.equal(file?.mode, 0o640);
  assert.equal(file?.links, 1);
  assert.equal(file?.unique, `${stats.dev.toString(16)}-${stats.ino.toString(16)}`);
  assert.equal(found.get("dir")?.type, "directory");
  assert.equal(found.get("dir")?.links, 2);
  assert.equal(found.get("link")?.type, "link");
  const user = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find((line) => line[2] === `${stats.uid}`);
  assert.equal(file?.owner, user?.[0] ?? stats.uid);
});

scratchTest("hidden files are in no listing; expired ones go", async ({ root, open }) => {
  const storage = await open();
  await breakOff(storage, "/file", 100_000);
  writeFileSync(join(root, ".ferry-0123456789abcdef"), "old");
  utimesSync(join(root, ".ferry-0123456789abcdef"), 1, 1);
  for (const name of [
    ".ferry-",
    ".ferry-0123456789abcde",
    ".ferry-0123456789abcdefg",
    ".ferry-0123456789abcdeg",
  ]) {
    writeFileSync(join(root, name), "");
  }
  assert.deepEqual(
    await names(storage, "/"),
    [".ferry-", ".ferry-0123456789abcde", ".ferry-0123456789abcdefg", ".ferry-0123456789abcdeg"].sort(),
  );
  assert.equal(hiddenIn(root).length, 5);
  assert.equal((await storage.partial?.(at("/file"), o))?.size, 65_536);
});

scratchTest("names that are not UTF-8 are listed and reached", async ({ root, open }) => {
  const bytes = [Buffer.from([0xff]), Buffer.from([0x61, 0xc3]), Buffer.from("ä€😀"), Buffer.from("\ufffd")];
  for (const name of bytes) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), name);
  const storage = await open();
  const found = await names(storage, "/");
  assert.deepEqual(found, bytes.map(decodeText).sort());
  for (const name of found) {
    assert.ok((await storage.stat(at(`/${name}`), o)).size > 0);
    await storage.remove(at(`/${name}`), o);
  }
  assert.deepEqual(await names(storage, "/"), []);
});

scratchTest("a file, and a directory that is gone, cannot be listed", async ({ root, open }) => {
  writeFileSync(join(root, "file"), "");
  mkdirSync(join(root, "dir"));
  const storage = await open();
  rmSync(join(root, "dir"), { recursive: true });
  await refused(names(storage, "/file"), "not-directory");
  await refused(names(storage, "/dir"), "not-found");
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { LineFile } from "./line-file.js";

function fail(error: unknown): never {
  throw error;
}

async function place(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-lines-"));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, "log");
}

test("lines are appended in order, however they come", async (t) => {
  const file = await place(t);
  const lines = await LineFile.open(file, 0o600, fail);
  const expected: string[] = [];
  for (let n = 0; n < 500; n++) {
    lines.append(`${n}\n`);
    expected.push(String(n));
    if (n % 50 === 0) await lines.flushed();
  }
  await lines.close();
  assert.deepEqual((await readFile(file, "utf8")).split("\n").slice(0, -1), expected);
});

test("reopening parts what came before from what comes after", async (t) => {
  const file = await place(t);
  const lines = await LineFile.open(file, 0o600, fail);
  lines.append("before\n");
  await lines.flushed();
  lines.append("still before\n");
  await rename(file, `${file}.1`);
  lines.reopen();
  await lines.flushed();
  lines.append("after\n");
  await lines.close();
  assert.equal(await readFile(`${file}.1`, "utf8"), "before\nstill before\n");
  assert.equal(await readFile(file, "utf8"), "after\n");
});

test("a file that cannot be opened again is told, and the old one goes on", async (t) => {
  const file = await place(t);
  const errors: unknown[] = [];
  const lines = await LineFile.open(file, 0o600, (error) => errors.push(error));
  await rename(file, `${file}.1`);
  await mkdir(file);
  lines.reopen();
  await lines.flushed();
  lines.append("kept\n");
  await lines.close();
  assert.match(String(errors[0]), /EISDIR/);
  assert.equal(await readFile(`${file}.1`, "utf8"), "kept\n");
});

test("what waits is bounded when the disk does not take it", async () => {
  const errors: unknown[] = [];
  const lines = await LineFile.open("/dev/full", 0o600, (error) => errors.push(error));
  for (let n = 0; n < 5000; n++) lines.append("x".repeat(1000));
  await lines.close();
  assert(errors.length >= 1 && errors.length <= 5, `${errors.length} errors`);
});

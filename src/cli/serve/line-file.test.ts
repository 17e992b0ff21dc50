import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
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
  const lines = await LineFile.open(file, { mode: 0o600, onError: fail });
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
  const lines = await LineFile.open(file, { mode: 0o600, onError: fail });
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
  const lines = await LineFile.open(file, { mode: 0o600, onError: (error) => errors.push(error) });
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
  const lines = await LineFile.open("/dev/full", { mode: 0o600, onError: (error) => errors.push(error) });
  for (let n = 0; n < 20_000; n++) lines.append("x".repeat(1000));
  await lines.close();
  assert(errors.length >= 1 && errors.length <= 5, `${errors.length} errors`);
});

test("a descriptor whose reader stops takes what it can, and the rest when it goes on", async (t) => {
  const fifo = await place(t);
  await promisify(execFile)("mkfifo", [fifo]);
  // Opened for both, so that neither end waits for the other.
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(descriptor));
  const lines = LineFile.on(descriptor, fail);
  const line = `${"x".repeat(999)}\n`;
  for (let n = 0; n < 300; n++) lines.append(line);
  const flushed = lines.flushed();
  const sink = Buffer.alloc(65_536);
  let read = 0;
  while (read < 300_000) {
    try {
      read += readSync(descriptor, sink);
    } catch {
      await setImmediate(); // nothing there for now
    }
  }
  await flushed;
  assert.equal(read, 300_000);
  await lines.close();
});

test("lines that find no room while nothing can be written are counted, and told of once", async (t) => {
  const file = await place(t);
  await promisify(execFile)("mkfifo", [file]);
  // Nobody reads yet, so nothing can be written.
  const descriptor = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const errors: unknown[] = [];
  const lines = LineFile.on(descriptor, (error) => errors.push(error));
  const line = `${"x".repeat(1023)}\n`;
  for (let n = 0; n < 10_000; n++) lines.append(line);
  const buffer = Buffer.alloc(65_536);
  let read = 0;
  let done = false;
  const flushed = lines.flushed().then(() => {
    done = true;
  });
  while (!done) {
    try {
      read += readSync(descriptor, buffer);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
    await setImmediate();
  }
  await flushed;
  closeSync(descriptor);
  const lost = Number(/^Error: (\d+) lines were lost meanwhile$/.exec(String(errors[0]))?.[1]);
  assert.ok(lost > 0 && lost < 10_000, String(errors[0]));
  assert.equal(errors.length, 1);
  assert.ok(read <= (10_000 - lost) * 1024);
});

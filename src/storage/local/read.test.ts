import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { at, get, o, put, refused, scratchTest } from "./scratch.test.js";

const GIB = 1024 ** 3;

scratchTest("reads of a warm file are synchronous after two", async ({ root, open }) => {
  writeFileSync(join(root, "file"), Buffer.alloc(1_000_000, "x"));
  const storage = await open();
  const handle = await storage.openRead(at("/file"), { ...o, start: 0 });
  assert.equal(handle.size, 1_000_000);
  const into = Buffer.alloc(1000);
  let first = 0;
  // At most: after a slow one, two more are needed, then four and so on.
  for (; first < 900; first++) {
    const bytes = handle.read(into);
    if (typeof bytes === "number") break;
    await bytes;
  }
  assert.ok(first >= 2 && first < 900, `the first synchronous read was the ${first}th`);
  await handle.close();
});

scratchTest("a small file is read at once when others were", async ({ root, open }) => {
  for (let n = 0; n < 100; n++) writeFileSync(join(root, `${n}`), "small");
  const storage = await open();
  let synchronous = 0;
  for (let n = 0; n < 100; n++) {
    const handle = await storage.openRead(at(`/${n}`), { ...o, start: 0 });
    const bytes = handle.read(Buffer.alloc(100));
    if (typeof bytes === "number") synchronous++;
    assert.equal(await bytes, 5);
    await handle.close();
  }
  assert.ok(synchronous > 10, `${synchronous} of 100`);
});

scratchTest(
  "a handle that is closed while it reads is closed when that has ended",
  async ({ root, open }) => {
    writeFileSync(join(root, "file"), Buffer.alloc(1_000_000, "x"));
    const storage = await open();
    const handle = await storage.openRead(at("/file"), { ...o, start: 0 });
    const into = Buffer.alloc(500_000);
    const reading = handle.read(into);
    assert.ok(typeof reading !== "number", "the first read of a large file is asynchronous");
    const order: string[] = [];
    await Promise.all([
      reading.then(() => order.push("read")),
      Promise.resolve(handle.close()).then(() => order.push("closed")),
    ]);
    assert.deepEqual(order, ["read", "closed"]);
    assert.throws(() => handle.read(into), /closed/);
    await handle.close();
  },
);

scratchTest("sparse files of more than 5 GiB are read from beyond 5 GiB", async ({ root, open }) => {
  writeFileSync(join(root, "big"), "");
  truncateSync(join(root, "big"), 5 * GIB + 10);
  const storage = await open();
  const handle = await storage.openRead(at("/big"), { ...o, start: 5 * GIB + 3 });
  assert.equal(handle.size, 7);
  await handle.close();
  await put(storage, "/big", "end", { intent: "append" });
  assert.equal((await get(storage, "/big", 5 * GIB + 5)).toString(), "\0\0\0\0\0end");
  await refused(get(storage, "/big", 5 * GIB + 14), "bad-offset");
});

scratchTest("files of /proc, which say that they are empty, are read to their end", async ({ open }) => {
  const storage = await open({ root: "/proc" });
  assert.equal(
    (await get(storage, "/sys/kernel/ostype")).toString(),
    readFileSync("/proc/sys/kernel/ostype", "utf8"),
  );
  const handle = await storage.openRead(at("/version"), { ...o, start: 0 });
  assert.equal(handle.size, undefined);
  await handle.close();
  // Links of /proc lead to open files by magic; only their text counts here.
  await refused(storage.stat(at("/self/exe"), o), "denied");
  await refused(storage.stat(at("/self/root/etc"), o), "denied");
});

scratchTest(
  "FIFOs, sockets and devices are neither read nor written, and stop nobody",
  async ({ root, open }) => {
    execFileSync("mkfifo", [join(root, "fifo")]);
    const server = createServer().listen(join(root, "socket"));
    await once(server, "listening");
    const storage = await open();
    const devices = await open({ root: "/dev" });
    for (const [of, path] of [
      [storage, "/fifo"],
      [storage, "/socket"],
      [devices, "/null"],
      [devices, "/zero"],
    ] as const) {
      assert.equal((await of.stat(at(path), o)).type, "other");
      await refused(of.openRead(at(path), { ...o, start: 0 }), "not-regular");
      await refused(of.openWrite(at(path), { ...o, intent: "replace" }), "not-regular");
      await refused(of.openWrite(at(path), { ...o, intent: "append" }), "not-regular");
      await refused(of.digest(at(path), "md5", o), "not-regular");
    }
    await storage.rename(at("/fifo"), at("/moved"), { ...o, replace: false });
    assert.equal((await storage.stat(at("/moved"), o)).type, "other");
    await storage.remove(at("/moved"), o);
    server.close();
    await once(server, "close");
  },
);

scratchTest("a file that shrinks while it is read ends there", async ({ root, open }) => {
  writeFileSync(join(root, "file"), Buffer.alloc(10_000, "x"));
  const storage = await open();
  const handle = await storage.openRead(at("/file"), { ...o, start: 0 });
  assert.equal(await handle.read(Buffer.alloc(1000)), 1000);
  truncateSync(join(root, "file"), 500);
  assert.equal(await handle.read(Buffer.alloc(1000)), 0);
  await handle.close();
});

scratchTest("a digest of a large file can be aborted", async ({ root, open }) => {
  writeFileSync(join(root, "file"), "");
  truncateSync(join(root, "file"), 3 * GIB);
  const storage = await open();
  const stop = new AbortController();
  const working = storage.digest(at("/file"), "sha256", { signal: stop.signal });
  setImmediate(() => stop.abort());
  await refused(working, "aborted");
});

scratchTest("a mode that forbids it is no reason for root, and one for others", async ({ root, open }) => {
  writeFileSync(join(root, "file"), "content");
  chmodSync(join(root, "file"), 0);
  const storage = await open();
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await refused(storage.openRead(at("/file"), { ...o, start: 0 }), "denied");
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  if (isRoot) assert.equal((await get(storage, "/file")).toString(), "content");
});

/** Bytes both ways: whole, in parts, continued, converted, and given up in the middle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FtpAbortError, type TraceLine } from "ferry/client";
import { LocalFolder, sha256, someBytes } from "../../../support/files.js";
import type { Context, Way } from "./context.js";

const MiB = 1024 * 1024;

export function transferTests(context: Context, way: Way): void {
  test(`${way.name}: files go up and down as they are`, async () => {
    await using client = await context.connect(way);
    using folder = new LocalFolder();
    for (const length of [0, 1, MiB + 1]) {
      const bytes = someBytes(length);
      const { bytes: sent } = await client.upload(folder.put("up", bytes), "file.bin");
      assert.equal(sent, length);
      assert.equal(sha256(context.files.get("file.bin")), sha256(bytes));
      assert.equal(await client.size("file.bin"), length);
      await client.download("file.bin", folder.at("down"));
      assert.equal(sha256(folder.get("down")), sha256(bytes));
    }
  });

  test(`${way.name}: a transfer that is given up is continued, on the same session`, async () => {
    const logins = new Logins();
    await using client = await context.connect(way, { onTrace: logins.note });
    using folder = new LocalFolder();
    const bytes = someBytes(16 * MiB + 3);

    await abortSoon((o) => client.upload(folder.put("up", bytes), "file.bin", o));
    const there = context.files.has("file.bin") ? context.files.get("file.bin").length : 0;
    assert.ok(there < bytes.length, `${there} bytes`);
    const { start: from } = await client.upload(folder.at("up"), "file.bin", { resume: true });
    assert.equal(sha256(context.files.get("file.bin")), sha256(bytes));
    assert.ok(from > 0, "some of it was there");

    await abortSoon((o) => client.download("file.bin", folder.at("down"), o));
    assert.equal(folder.has("down"), false);
    const { start } = await client.download("file.bin", folder.at("down"), { resume: true });
    assert.equal(sha256(folder.get("down")), sha256(bytes));
    assert.ok(start > 0, "some of it was there");
    assert.equal(logins.count, 1);
  });

  test(`${way.name}: bytes are added, and ranges taken`, async () => {
    await using client = await context.connect(way);
    const [head, tail] = [someBytes(70_001), someBytes(130_002)];
    const whole = Buffer.concat([head, tail]);
    await client.append(head, "file.bin");
    await client.append(tail, "file.bin");
    assert.equal(sha256(context.files.get("file.bin")), sha256(whole));
    for (const [start, end] of [
      [0, 1],
      [69_000, 72_000],
      [200_002, 200_003],
      [100, undefined],
    ] as const) {
      const part = await client.readFile("file.bin", { start, ...(end === undefined ? {} : { end }) });
      assert.equal(sha256(part), sha256(whole.subarray(start, end)), `${start} to ${end}`);
    }
  });

  test(`${way.name}: a range of a big file leaves the session in step`, async () => {
    await using client = await context.connect(way);
    const bytes = someBytes(16 * MiB);
    context.files.put("big.bin", bytes);
    for (let round = 0; round < 3; round++) {
      const start = round * 5000;
      const part = await client.readFile("big.bin", { start, end: start + 1000 });
      assert.equal(sha256(part), sha256(bytes.subarray(start, start + 1000)));
      assert.equal(await client.size("big.bin"), bytes.length);
    }
  });

  test(`${way.name}: line ends of text are converted`, async () => {
    await using client = await context.connect(way);
    const text = "one\ntwo\n\nfour without an end";
    await client.upload(Buffer.from(text), "text.txt", { type: "ascii" });
    assert.equal(String(context.files.get("text.txt")), text);
    assert.equal(String(await client.readFile("text.txt", { type: "ascii" })), text);
    assert.equal(await client.size("text.txt"), text.length);
  });
}

/** Aborts when some of it has moved; slow, so that this is in the middle. */
async function abortSoon(
  run: (o: {
    signal: AbortSignal;
    rate: number;
    onProgress: (progress: { readonly bytes: number }) => void;
  }) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  const onProgress = (progress: { readonly bytes: number }) => {
    if (progress.bytes > 0) stop.abort();
  };
  await assert.rejects(run({ signal: stop.signal, rate: 4 * MiB, onProgress }), FtpAbortError);
}

class Logins {
  count = 0;

  readonly note = (line: TraceLine): void => {
    if (line.kind === "command" && line.text.startsWith("USER ")) this.count++;
  };
}

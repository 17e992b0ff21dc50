import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { describe, test } from "node:test";
import { CliError, ReaderGone } from "./errors.js";
import { interruptible } from "./interrupts.js";
import { StandardOutput } from "./standard-output.js";
import { fakeTerminal } from "./terminal.support.test.js";

const is130 = (error: unknown): boolean => error instanceof CliError && error.exitCode === 130;

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
}

describe("work that can be interrupted", () => {
  test("gives what it gives when nothing happens, and its own error", async () => {
    const terminal = fakeTerminal();
    assert.equal(await interruptible(terminal, async () => 7), 7);
    await assert.rejects(
      interruptible(terminal, async () => {
        throw new Error("its own");
      }),
      /its own/,
    );
  });

  test("is told of the first signal, and ends with exit code 130 whatever it says then", async () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const terminal = fakeTerminal();
      const running = interruptible(terminal, untilAborted);
      terminal.signal(signal);
      await assert.rejects(running, is130);
    }
  });

  test("is not waited for after a second signal", async () => {
    const terminal = fakeTerminal();
    const running = interruptible(terminal, () => new Promise(() => {}));
    terminal.signal("SIGINT");
    terminal.signal("SIGINT");
    await assert.rejects(running, is130);
  });

  test("is not waited for for ever after the first one", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const terminal = fakeTerminal();
    const running = interruptible(terminal, () => new Promise(() => {}));
    terminal.signal("SIGTERM");
    t.mock.timers.tick(10_000);
    await assert.rejects(running, is130);
  });

  test("ends quietly when its reader has gone, and with a reason when the output cannot be written", async () => {
    for (const [code, expected] of [
      ["EPIPE", (error: unknown) => error instanceof ReaderGone],
      ["ENOSPC", /cannot write to standard output: the disk is full/],
    ] as const) {
      const stream = new PassThrough();
      const output = new StandardOutput(stream);
      const running = interruptible({ ...fakeTerminal(), output }, untilAborted);
      stream.destroy(Object.assign(new Error("no"), { code }));
      await assert.rejects(running, expected);
      await assert.rejects(output.drained());
      output.write("nobody reads this");
      await output.flushed();
    }
  });
});

describe("standard output", () => {
  test("lets the writer wait for its reader, and writes names as the bytes that they are", async () => {
    let take: () => void = () => {};
    const chunks: Buffer[] = [];
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, callback) {
        chunks.push(chunk);
        take = callback;
      },
    });
    const output = new StandardOutput(stream);
    await output.drained();
    output.write("gr\udcfcn");
    const drained = output.drained();
    const first = await Promise.race([
      drained.then(() => "drained"),
      new Promise((resolve) => setImmediate(resolve, "full")),
    ]);
    assert.equal(first, "full");
    take();
    await drained;
    assert.deepEqual(Buffer.concat(chunks), Buffer.from([0x67, 0x72, 0xfc, 0x6e]));
  });
});

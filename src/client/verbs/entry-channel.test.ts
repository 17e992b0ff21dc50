import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { EntryChannel } from "./entry-channel.js";

const many = Array.from({ length: 2000 }, (_, n) => n);

async function isSettled(promise: void | Promise<void>): Promise<boolean> {
  const open = {};
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
}

describe("a channel of entries", () => {
  test("gives what was pushed, in order, then the end", async () => {
    const channel = new EntryChannel<number>();
    assert.equal(channel.push([1, 2]), undefined);
    assert.deepEqual(await channel.next(), [1, 2]);
    const next = channel.next();
    channel.push([3]);
    assert.deepEqual(await next, [3]);
    channel.push([4]);
    channel.end();
    assert.deepEqual(await channel.next(), [4]);
    assert.equal(await channel.next(), undefined);
  });

  test("gives what came before an error, then the error", async () => {
    const channel = new EntryChannel<number>();
    channel.push([1]);
    channel.fail(new Error("broke"));
    assert.deepEqual(await channel.next(), [1]);
    await assert.rejects(channel.next(), /broke/);
  });

  test("makes the writer wait for a reader who is behind, until it has read", async () => {
    const channel = new EntryChannel<number>();
    const pushed = channel.push(many);
    assert.ok(pushed instanceof Promise);
    assert.equal(await isSettled(pushed), false);
    assert.equal((await channel.next())?.length, 2000);
    await pushed;
  });

  test("waits no more when somebody else needs the connection, or after some seconds", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      for (const free of [(c: EntryChannel<number>) => c.release(), () => mock.timers.tick(10_000)]) {
        const channel = new EntryChannel<number>();
        const pushed = channel.push(many);
        free(channel);
        await pushed;
        assert.equal(channel.push(many), undefined);
        assert.equal((await channel.next())?.length, 4000);
      }
    } finally {
      mock.timers.reset();
    }
  });
});

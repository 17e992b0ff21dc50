import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type HeldPort, PortRange } from "./port-range.js";

const ADDRESS = "127.0.0.1";

function take(range: PortRange, address = ADDRESS): HeldPort | undefined {
  return range.free(address).next().value ?? undefined;
}

describe("a port range", () => {
  test("gives each of its ports once, in any order, and then none", () => {
    const range = new PortRange({ from: 2000, to: 2009 });
    const ports = Array.from({ length: 10 }, () => take(range)?.port);
    assert.deepEqual(
      ports.toSorted((a, b) => Number(a) - Number(b)),
      [2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009],
    );
    assert.equal(take(range), undefined);
    assert.equal(range.held, 10);
  });

  test("starts at a port that cannot be foretold", () => {
    const firsts = new Set(
      Array.from({ length: 50 }, () => take(new PortRange({ from: 1024, to: 65_535 }))?.port),
    );
    assert.ok(firsts.size > 40, `only ${firsts.size} different ports in 50`);
  });

  test("gives a released port again", () => {
    const range = new PortRange({ from: 2000, to: 2000 });
    const held = take(range);
    assert.equal(take(range), undefined);
    held?.release();
    held?.release();
    assert.equal(take(range)?.port, 2000);
  });

  test("lets a released port go only once, so that a later holder keeps it", () => {
    const range = new PortRange({ from: 2000, to: 2000 });
    const first = take(range);
    first?.release();
    const second = take(range);
    first?.release();
    assert.equal(take(range), undefined);
    second?.release();
    assert.equal(range.held, 0);
  });

  test("has all of its ports for each local address", () => {
    const range = new PortRange({ from: 2000, to: 2000 });
    assert.equal(take(range, "127.0.0.1")?.port, 2000);
    assert.equal(take(range, "::1")?.port, 2000);
    assert.equal(take(range, "::1"), undefined);
  });

  test("takes over the port that has been idle for longest, of that address only", () => {
    const range = new PortRange({ from: 2000, to: 2002 });
    const given: number[] = [];
    const held = [take(range), take(range), take(range)];
    const other = take(range, "::1");
    other?.idle(() => given.push(-1));
    for (const port of held) port?.idle(() => given.push(port.port));
    held[0]?.busy();
    held[0]?.idle(() => given.push(held[0]?.port ?? 0));
    assert.equal(range.takeOver(ADDRESS)?.port, held[1]?.port);
    assert.deepEqual(given, [held[1]?.port]);
    assert.equal(range.takeOver(ADDRESS)?.port, held[2]?.port);
    assert.equal(range.takeOver(ADDRESS)?.port, held[0]?.port);
    assert.equal(range.takeOver(ADDRESS), undefined);
  });

  test("never takes over a port in use", () => {
    const range = new PortRange({ from: 2000, to: 2000 });
    const held = take(range);
    held?.idle(() => assert.fail("taken over while busy"));
    held?.busy();
    assert.equal(range.takeOver(ADDRESS), undefined);
  });

  test("must lie between 1 and 65535, and not be empty", () => {
    for (const [from, to] of [
      [0, 0],
      [0, 10],
      [10, 9],
      [1, 65_536],
      [1.5, 3],
      [Number.NaN, 3],
    ] as const) {
      assert.throws(() => new PortRange({ from, to }), RangeError, `${from} to ${to}`);
    }
  });
});

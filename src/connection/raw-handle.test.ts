import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { checkLeaks } from "./loopback.support.test.js";
import { acceptRaw } from "./raw-handle.js";
import { usableHandles } from "./raw-probe.js";

checkLeaks();

test("accepted handles can be used directly by every Node that is supported", async () => {
  assert.notEqual(await usableHandles(), undefined);
});

test("they are tried once", () => {
  assert.equal(usableHandles(), usableHandles());
});

test("a server without the internals says so", () => {
  const server = createServer();
  assert.equal(
    acceptRaw(server, () => {}),
    false,
  );
});

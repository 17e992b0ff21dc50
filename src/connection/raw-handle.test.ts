import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { promisify } from "node:util";
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

describe("where they cannot be used", () => {
  const probe = new URL("./raw-probe.js", import.meta.url).href;
  /** What a process of its own says of its handles, after `before`; its last word, with warnings and all. */
  const answerOf = async (before: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
    const program = `${before}; import("${probe}").then((probe) => probe.usableHandles()).then(
      (found) => console.log(found === undefined ? "the public way" : "handles"))`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", program], {
      env: { ...process.env, NODE_OPTIONS: "", ...env },
    });
    return `${stdout}${stderr}`.trim();
  };

  test("the public way is taken, whatever it is that they do not do", async () => {
    for (const method of ["connect", "getpeername", "writeBuffer", "readStart", "shutdown"]) {
      const broken = `process.binding("tcp_wrap").TCP.prototype.${method} = () => -24`;
      assert.equal(await answerOf(broken), "the public way", method);
    }
    assert.equal(await answerOf("process.binding = undefined"), "the public way");
    assert.equal(await answerOf(""), "handles");
  });

  test("Node is not made to warn of us", async () => {
    const flag = "--pending-deprecation";
    assert.equal(await answerOf("", { NODE_OPTIONS: flag }), "the public way");
    assert.equal(await answerOf("", { NODE_PENDING_DEPRECATION: "1" }), "the public way");
  });
});

test("a server without the internals says so", () => {
  const server = createServer();
  assert.equal(
    acceptRaw(server, () => {}),
    false,
  );
});

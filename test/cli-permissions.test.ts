/** Commands that may not read or write here, for which root has to become somebody else for good. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { below } from "./support/command-line.js";
import { Ferry } from "./support/ferry.js";
import { TestServer } from "./support/server.js";

const NOBODY = 65_534;

if (process.geteuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

describe("without permission", () => {
  test("nothing is got, and the message says where", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/f", "1");
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("closed"), { mode: 0o500 });
    const got = await ferry.run(["get", server.url("f"), "closed"]);
    assert.equal(got.code, 1, got.report);
    assert.equal(
      got.stderr,
      "ferry: closed/f: the file to download to cannot be opened: permission denied\n",
    );
    const made = await ferry.run(["get", server.url("f"), "closed/new/"]);
    assert.equal(made.code, 1, made.report);
    assert.match(made.stderr, /^ferry: cannot make the folder .*\/closed\/new: permission denied\n$/);
    const mirrored = await ferry.run(["mirror", server.url(), "closed"]);
    assert.equal(mirrored.code, 1, mirrored.report);
    assert.match(mirrored.stderr, /^ferry: f: .*permission denied\n/);
  });

  test("what can be read is put, and the rest is told", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("d/closed"), { recursive: true });
    ferry.home.put("d/closed/inside", "1");
    ferry.home.put("d/open", "2");
    chmodSync(ferry.home.put("d/secret", "3"), 0o000);
    chmodSync(ferry.home.at("d/closed"), 0o000);
    const { code, stderr, report } = await ferry.run(["put", "-r", "d", server.url()]);
    chmodSync(ferry.home.at("d/closed"), 0o700);
    assert.equal(code, 1, report);
    assert.match(stderr, /^ferry: cannot read d\/closed: permission denied$/m);
    assert.match(stderr, /^ferry: d\/secret: the file to upload cannot be opened: permission denied$/m);
    assert.deepEqual(await server.files.names("/d"), ["closed", "open"]);
    assert.deepEqual(below(ferry.home), ["d/", "d/closed/", "d/closed/inside", "d/open", "d/secret"]);
  });
});

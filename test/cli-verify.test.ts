/** `ferry verify`, as a user runs it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { ScriptedServer } from "ferry/testing";
import { objects, type Refusal, refusals } from "./support/command-line.js";
import { Ferry } from "./support/ferry.js";
import { TestServer } from "./support/server.js";

describe("ferry verify", () => {
  test("compares folders, and says what differs and by what", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.makeDirectory("/d");
    for (const [name, text] of [
      ["same", "1234"],
      ["differs", "12345"],
      ["there", "1"],
    ] as const) {
      await server.files.put(`/d/${name}`, text);
    }
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("d"));
    for (const [name, text] of [
      ["same", "1234"],
      ["differs", "1"],
      ["h\u001bere", "1"],
    ] as const)
      ferry.home.put(`d/${name}`, text);
    const { code, stdout, stderr, report } = await ferry.run(["verify", server.url("d"), "d"]);
    assert.equal(code, 1, report);
    assert.equal(stderr, "");
    const said = stdout.split("\n").slice(0, -1);
    assert.deepEqual(said.slice(0, -1).sort(), [
      "differs: differs by size",
      "h\\x1bere: only here",
      "there: only on the server",
    ]);
    assert.equal(said.at(-1), "1 file is the same, by size (the server computes no digest), 3 are not");
    const told = await objects(ferry, "verify", server.url("d"), "d");
    assert.deepEqual(told.at(-1), { summary: { equal: false, files: 4, differing: 3, by: { size: 1 } } });
    assert.deepEqual(
      told.find(({ path }) => path === "differs"),
      { path: "differs", by: "size", equal: false, remote: 5, local: 1 },
    );
    const some = await ferry.run(["verify", server.url("d"), "d", "--include", "same"]);
    assert.equal(some.code, 0, some.report);
    const quiet = await ferry.run(["verify", server.url("d"), "d", "--quiet"]);
    assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [1, "", ""]);
  });

  test("compares one file by the best digest that the server computes", async () => {
    const sum = createHash("sha256").update("the film").digest("hex");
    await using server = await ScriptedServer.start({
      answers: { FEAT: ["211-Features:", " UTF8", " XSHA256", " XCRC", "211 End"], XSHA256: `250 ${sum}` },
    });
    using ferry = new Ferry();
    ferry.home.put("film", "the film");
    ferry.home.put("fake", "the fake");
    const url = `ftp://${server.host}:${server.port}/film`;
    const same = await ferry.run(["verify", url, "film"]);
    assert.deepEqual([same.code, same.stdout], [0, "1 file is the same, by sha256\n"], same.report);
    const differs = await ferry.run(["verify", url, "fake"]);
    assert.deepEqual(
      [differs.code, differs.stdout],
      [1, "film: differs by sha256\n0 files are the same, 1 is not\n"],
    );
    const [told] = await objects(ferry, "verify", url, "film");
    assert.deepEqual(told, { path: "film", by: "sha256", equal: true, remote: sum, local: sum });
  });

  test("says what is wrong with how it was asked", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/f", "1");
    using ferry = new Ferry();
    ferry.home.put("f", "1");
    const wrong: readonly Refusal[] = [
      [2, /missing required argument 'LOCAL'/, server.url("f")],
      [2, /LOCAL comes last/, "f", server.url("f")],
      [2, /neither a URL|not a URL/, "f", "f"],
      [1, /^ferry: none: .*there is no such file/, server.url("f"), "none"],
      [1, /no such file or directory/, server.url("none"), "f"],
    ];
    await refusals(ferry, "verify", wrong);
  });
});

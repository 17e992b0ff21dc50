/** tnftp, the ftp command of the BSDs and of macOS: a conversation, as a person at a terminal has it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram, unlessInstalled } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";
import { type Situation, situations } from "../support/situations.js";

/** Says the lines, logged in; tnftp's exit code tells nothing, so its output is for the caller to read. */
async function tnftp(
  server: TestServer,
  local: LocalFolder,
  mode: Situation["mode"],
  lines: readonly string[],
): Promise<string> {
  const input = [
    `open ${server.host} ${server.port}`,
    `user ${USER} "${PASSWORD}"`,
    "binary",
    ...lines,
    "bye",
    "",
  ];
  const ended = await runProgram("tnftp", ["-n", "-i", "-v", mode === "active" ? "-A" : "-p"], {
    cwd: local.path,
    env: { ...process.env, HOME: local.path },
    input: input.join("\n"),
  });
  assert.match(ended.stdout, /^221[ -]/m, ended.report);
  return ended.stdout;
}

describe("tnftp", () => {
  for (const situation of situations(["tnftp"])) {
    const { skip, mode } = situation;

    test(`uploads, lists and downloads: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(2_000_003);
      local.put("up load.bin", content);
      const output = await tnftp(server, local, mode, [
        'mkdir "my files"',
        'cd "my files"',
        "pwd",
        'put "up load.bin" "b b.bin"',
        "ls",
        "nlist",
        "mlsd",
        'size "b b.bin"',
        'modtime "b b.bin"',
        'get "b b.bin" down.bin',
        'rename "b b.bin" c.bin',
        "mput up*.bin",
        'delete "up load.bin"',
        "rstatus",
        "system",
      ]);
      assert.match(output, /^257 "\/my files"/m);
      assert.match(output, /^-rw.* 2000003 .* b b\.bin\r?$/m);
      assert.match(output, /^type=file;.*\bb b\.bin\r?$/im);
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.deepEqual(await server.files.names("/my files"), ["c.bin"]);
      assert.equal(sha256(await server.files.get("/my files/c.bin")), sha256(content));
      assert.deepEqual(server.dataVerbs, [mode === "active" ? "EPRT" : "EPSV"]);
    });

    test(`continues a download with reget and an upload with restart: ${situation.name}`, {
      skip,
    }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(500_000);
      await server.files.put("/down.bin", content);
      local.put("down.bin", content.subarray(0, 100_001));
      await server.files.put("/up.bin", content.subarray(0, 300_001));
      local.put("up.bin", content);
      await tnftp(server, local, mode, ["reget down.bin", "restart 300001", "put up.bin"]);
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.equal(sha256(await server.files.get("/up.bin")), sha256(content));
    });
  }

  test("fetches and sends by URL", { skip: unlessInstalled("tnftp") }, async () => {
    await using server = await TestServer.start();
    using local = new LocalFolder();
    const content = someBytes(200_000);
    local.put("up.bin", content);
    const env = { ...process.env, HOME: local.path };
    const sent = await runProgram("tnftp", ["-u", server.url("sent.bin"), "up.bin"], {
      cwd: local.path,
      env,
    });
    assert.equal(sent.code, 0, sent.report);
    const fetched = await runProgram("tnftp", ["-o", "down.bin", server.url("sent.bin")], {
      cwd: local.path,
      env,
    });
    assert.equal(fetched.code, 0, fetched.report);
    assert.equal(sha256(local.get("down.bin")), sha256(content));
  });
});

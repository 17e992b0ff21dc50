/**
 * NcFTP's programs for scripts. It knows no IPv6. Its `ncftpput -z` is not tried: version 3.2.6 says REST with the
 * right offset and then sends the whole file from its beginning (it gives sendfile the wrong range).
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";
import { type Situation, situations } from "../support/situations.js";

const PROGRAMS = ["ncftpput", "ncftpget", "ncftpls"];

/** Runs one of its programs, which logs in by itself; fails when it does; its stdout. */
async function ncftp(
  server: TestServer,
  local: LocalFolder,
  { mode }: Situation,
  [program = "", ...words]: readonly string[],
): Promise<string> {
  const account = ["-u", USER, "-p", PASSWORD, "-P", String(server.port)];
  const flags = [...account, mode === "active" ? "-E" : "-F", "-t", "20"];
  const ended = await runProgram(program, [...flags, ...words], {
    cwd: local.path,
    env: { ...process.env, HOME: local.path },
  });
  assert.equal(ended.code, 0, ended.report);
  return ended.stdout;
}

describe("ncftp", () => {
  for (const situation of situations(PROGRAMS, ["IPv4"])) {
    const { skip, mode } = situation;

    test(`uploads, lists and downloads: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const run = (...words: readonly string[]) => ncftp(server, local, situation, words);
      const content = someBytes(2_000_003);
      local.put("a file.bin", content);
      await run("ncftpput", "-m", server.host, "/my files/new", "a file.bin");
      assert.equal(sha256(await server.files.get("/my files/new/a file.bin")), sha256(content));

      const listing = await run("ncftpls", "-l", `ftp://${server.host}/my%20files/new/`);
      assert.match(listing, /^-rw.* 2000003 .* a file\.bin$/m);

      mkdirSync(local.at("down"));
      await run("ncftpget", server.host, "down", "/my files/new/a file.bin");
      assert.equal(sha256(local.get("down/a file.bin")), sha256(content));
      assert.deepEqual(server.dataVerbs, [mode === "active" ? "PORT" : "PASV"]);
    });

    test(`moves trees with -R: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      mkdirSync(local.at("tree/sub"), { recursive: true });
      mkdirSync(local.at("back"));
      const files = ["tree/a.bin", "tree/sub/b.bin", "tree/sub/empty.bin"].map((name, i) => {
        const content = someBytes([50_000, 300_000, 0][i] ?? 0);
        local.put(name, content);
        return { name, content };
      });
      await ncftp(server, local, situation, ["ncftpput", "-R", server.host, "/", "tree"]);
      await ncftp(server, local, situation, ["ncftpget", "-R", server.host, "back", "/tree"]);
      for (const { name, content } of files) {
        assert.equal(sha256(await server.files.get(`/${name}`)), sha256(content), name);
        assert.equal(sha256(local.get(`back/${name}`)), sha256(content), name);
      }
    });

    test(`continues a download with -z: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(500_000);
      await server.files.put("/down.bin", content);
      local.put("down.bin", content.subarray(0, 100_001));
      await ncftp(server, local, situation, ["ncftpget", "-z", server.host, ".", "/down.bin"]);
      assert.equal(sha256(local.get("down.bin")), sha256(content));
    });
  }
});

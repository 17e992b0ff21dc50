/** curl: one process for each action; EPSV and EPRT first. Of what comes in TYPE A it shows CRLF as LF. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram, unlessInstalled } from "../support/program.js";
import { TestServer } from "../support/server.js";
import { type Situation, situations } from "../support/situations.js";

const NAME = 'a "quoted" näme & 100%.bin';

/** Fails when curl does; its stdout. */
async function curl(...curlArguments: readonly string[]): Promise<string> {
  // -q: without the user's own settings.
  const ended = await runProgram("curl", ["-q", "-sS", "-g", ...curlArguments]);
  assert.equal(ended.code, 0, ended.report);
  return ended.stdout;
}

const modeFlags = ({ mode }: Pick<Situation, "mode">) => (mode === "active" ? ["-P", "-"] : []);

describe("curl", () => {
  for (const situation of situations(["curl"])) {
    const { skip, mode } = situation;
    test(`uploads, lists and downloads: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const flags = modeFlags(situation);
      const content = someBytes(3_000_017);
      local.put("up.bin", content);
      await server.files.makeDirectory("/my files");

      await curl(...flags, "-T", local.at("up.bin"), server.url(`my files/${NAME}`));
      assert.equal(sha256(await server.files.get(`/my files/${NAME}`)), sha256(content));

      assert.match(
        await curl(...flags, server.url("my files/")),
        /^-rw.* 3000017 .* a "quoted" näme & 100%\.bin\r?$/m,
      );
      assert.equal(await curl(...flags, "-l", server.url("my files/")), `${NAME}\n`);

      await curl(...flags, "-o", local.at("down.bin"), server.url(`my files/${NAME}`));
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.deepEqual(server.dataVerbs, [mode === "active" ? "EPRT" : "EPSV"]);
    });
  }

  const older = situations(["curl"], ["IPv4"]).filter(({ storage }) => storage === "local");
  for (const situation of older) {
    const { skip, mode } = situation;
    const verb = mode === "active" ? "PORT" : "PASV";
    test(`moves files with ${verb} as well`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const flags = [...modeFlags(situation), mode === "active" ? "--disable-eprt" : "--disable-epsv"];
      const content = someBytes(100_001);
      local.put("up.bin", content);
      await curl(...flags, "-T", local.at("up.bin"), server.url("file.bin"));
      await curl(...flags, "-o", local.at("down.bin"), server.url("file.bin"));
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.deepEqual(server.dataVerbs, [verb]);
    });
  }

  for (const storage of ["local", "memory"] as const) {
    const skip = unlessInstalled("curl");

    test(`continues a download and an upload with -C -: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      const content = someBytes(500_000);
      await server.files.put("/down.bin", content);
      local.put("down.bin", content.subarray(0, 123_456));
      await curl("-C", "-", "-o", local.at("down.bin"), server.url("down.bin"));
      assert.equal(sha256(local.get("down.bin")), sha256(content));

      await server.files.put("/up.bin", content.subarray(0, 345_678));
      local.put("up.bin", content);
      await curl("-C", "-", "-T", local.at("up.bin"), server.url("up.bin"));
      assert.equal(sha256(await server.files.get("/up.bin")), sha256(content));
    });

    test(`makes directories on the way and appends: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      local.put("first.txt", "first ");
      local.put("second.txt", "second");
      await curl("--ftp-create-dirs", "-T", local.at("first.txt"), server.url("one/two/three/file.txt"));
      await curl("-a", "-T", local.at("second.txt"), server.url("one/two/three/file.txt"));
      assert.equal(String(await server.files.get("/one/two/three/file.txt")), "first second");
    });

    test(`renames, deletes and removes with -Q: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      await server.files.put("/old name.txt", "x");
      await server.files.put("/gone.txt", "y");
      await server.files.makeDirectory("/empty");
      const quotes = ["RNFR old name.txt", "RNTO new name.txt", "DELE gone.txt", "RMD empty", "MKD made"];
      const names = await curl(...quotes.flatMap((line) => ["-Q", line]), "-l", server.url());
      assert.deepEqual(names.split("\n").sort(), ["", "made", "new name.txt"]);
    });

    test(`moves text in TYPE A, line ends converted on the way: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      await server.files.put("/text.txt", "one\ntwo\n");
      assert.equal(await curl(`${server.url("text.txt")};type=a`), "one\ntwo\n");
      assert.ok(server.verbs.includes("TYPE"));
      local.put("up.txt", "three\nfour\n");
      await curl("-B", "-T", local.at("up.txt"), server.url("up.txt"));
      assert.equal(String(await server.files.get("/up.txt")), "three\nfour\n");
    });

    test(`takes a range and leaves the rest, on one connection with whole files: ${storage} storage`, {
      skip,
    }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      const content = someBytes(4_000_000);
      await server.files.put("/file.bin", content);
      await curl("-r", "1000-2999", "-o", local.at("range.bin"), server.url("file.bin"));
      assert.equal(sha256(local.get("range.bin")), sha256(content.subarray(1000, 3000)));
      await curl(
        "-o",
        local.at("one.bin"),
        server.url("file.bin"),
        "-o",
        local.at("two.bin"),
        server.url("file.bin"),
      );
      assert.equal(sha256(local.get("one.bin")), sha256(content));
      assert.equal(sha256(local.get("two.bin")), sha256(content));
    });

    test(`learns size and time without a transfer: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      await server.files.put("/file.txt", "12345");
      const headers = await curl("-I", server.url("file.txt"));
      assert.match(headers, /^Content-Length: 5\r?$/m);
      assert.match(headers, /^Last-Modified: .* GMT\r?$/m);
    });
  }

  test("exits with its own codes for a wrong password and a missing file", {
    skip: unlessInstalled("curl"),
  }, async () => {
    await using server = await TestServer.start({ server: { timeouts: { failedLogin: 1 } } });
    const login = await runProgram("curl", ["-q", "-sS", "-u", "anna:wrong", `ftp://${server.authority}/`]);
    assert.equal(login.code, 67, login.report);
    const missing = await runProgram("curl", ["-q", "-sS", server.url("missing.txt")]);
    assert.equal(missing.code, 78, missing.report);
  });
});

/** lftp: pipelines, several connections, MLSD, and recovery by itself. */
import assert from "node:assert/strict";
import { mkdirSync, statSync, utimesSync } from "node:fs";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram, unlessInstalled } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";
import { type Situation, situations } from "../support/situations.js";

/** Runs lftp's commands, logged in; fails when one of them does; its stdout. */
async function lftp(
  server: TestServer,
  local: LocalFolder,
  mode: Situation["mode"],
  commands: readonly string[],
): Promise<string> {
  const script = [
    "set cmd:fail-exit yes",
    "set net:max-retries 2",
    "set net:timeout 20",
    "set net:reconnect-interval-base 1",
    `set ftp:passive-mode ${mode === "passive" ? "yes" : "no"}`,
    `open -u '${USER},${PASSWORD}' ftp://${server.authority}`,
    ...commands,
  ];
  const ended = await runProgram("lftp", ["--norc", "-c", script.join("; ")], {
    cwd: local.path,
    env: { ...process.env, HOME: local.path, LC_ALL: "C.UTF-8" },
  });
  assert.equal(ended.code, 0, ended.report);
  return ended.stdout;
}

describe("lftp", () => {
  for (const situation of situations(["lftp"]).filter(
    ({ mode, family }) => mode === "passive" || family === "IPv4",
  )) {
    const { skip, mode } = situation;

    test(`uploads, lists and downloads: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(2_000_003);
      local.put("up.bin", content);
      const output = await lftp(server, local, mode, [
        "mkdir 'my files'",
        "cd 'my files'",
        "put up.bin -o 'näme with spaces.bin'",
        "ls",
        "get 'näme with spaces.bin' -o down.bin",
        "mv 'näme with spaces.bin' b.bin",
        "chmod 600 b.bin",
        "cls -1",
      ]);
      assert.match(output, /^-rw.* 2000003 .* näme with spaces\.bin$/m);
      assert.match(output, /^b\.bin$/m);
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.equal(sha256(await server.files.get("/my files/b.bin")), sha256(content));
      const active = mode === "active";
      for (const verb of server.dataVerbs)
        assert.equal(/PORT|EPRT/.test(verb), active, `${verb} in ${mode} mode`);
      assert.notDeepEqual(server.dataVerbs, []);
    });

    test(`mirrors a tree there and back over three connections: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const contents = new Map<string, Buffer>();
      mkdirSync(local.at("tree/sub folder/deep"), { recursive: true });
      for (const folder of ["tree", "tree/sub folder", "tree/sub folder/deep"]) {
        for (const [i, length] of [0, 1, 70_000, 400_000].entries()) {
          const name = `${folder}/file ${i}.bin`;
          contents.set(name, someBytes(length));
          local.put(name, contents.get(name) ?? "");
        }
      }
      await lftp(server, local, mode, ["mirror -R -P 3 tree copy", "mirror -P 3 copy back"]);
      for (const [name, content] of contents) {
        assert.equal(sha256(local.get(name.replace("tree", "back"))), sha256(content), name);
        assert.equal(
          sha256(await server.files.get(`/${name.replace("tree", "copy")}`)),
          sha256(content),
          name,
        );
      }
      await lftp(server, local, mode, ["rm -r copy"]);
      assert.deepEqual(await server.files.names("/"), []);
    });
  }

  const [activeIPv6] = situations(["lftp"], ["IPv6"]).filter(({ mode }) => mode === "active");
  test("falls back to passive mode over IPv6, where it announces :: as its address", {
    skip: activeIPv6?.skip ?? false,
  }, async () => {
    await using server = await TestServer.start({ family: "IPv6" });
    using local = new LocalFolder();
    await server.files.put("/file.txt", "content");
    await lftp(server, local, "active", ["get file.txt"]);
    assert.equal(String(local.get("file.txt")), "content");
    assert.ok(server.verbs.includes("EPRT"), server.verbs.join(" "));
  });

  for (const storage of ["local", "memory"] as const) {
    const skip = unlessInstalled("lftp");

    test(`continues transfers with get -c and put -c: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      const content = someBytes(500_000);
      await server.files.put("/down.bin", content);
      local.put("down.bin", content.subarray(0, 100_001));
      await server.files.put("/up.bin", content.subarray(0, 300_001));
      local.put("up.bin", content);
      await lftp(server, local, "passive", ["get -c down.bin", "put -c up.bin"]);
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      assert.equal(sha256(await server.files.get("/up.bin")), sha256(content));
    });

    test(`fetches one file in segments at once: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      const content = someBytes(8_000_001);
      await server.files.put("/big.bin", content);
      await lftp(server, local, "passive", ["pget -n 4 big.bin"]);
      assert.equal(sha256(local.get("big.bin")), sha256(content));
    });

    test(`keeps times when it uploads and downloads: ${storage} storage`, { skip }, async () => {
      await using server = await TestServer.start({ storage });
      using local = new LocalFolder();
      const time = new Date("2001-02-03T04:05:06Z");
      utimesSync(local.put("up.bin", "content"), time, time);
      await lftp(server, local, "passive", ["mirror -R --include=up.bin . up", "get up/up.bin -o down.bin"]);
      assert.equal(statSync(local.at("down.bin")).mtime.toISOString(), time.toISOString());
    });
  }
});

/** A slash at the end of a URL says that it is a folder: what the command line says when it is a file. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { describe, test } from "node:test";
import { Ferry } from "./support/ferry.js";
import { TestServer } from "./support/server.js";

describe("a file with a slash behind it", () => {
  test("is called a file, by every command, and nothing is done", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/a.txt", "1");
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("folder"));
    const url = `${server.url("a.txt")}/`;
    const commands: readonly string[][] = [
      ["get", url],
      ["get", "-r", url],
      ["get", url, "folder/"],
      ["cat", url],
      ["ls", url],
      ["ls", "-R", url],
      ["tree", url],
      ["rm", url],
      ["rm", "-r", url],
      ["rmdir", url],
      ["mirror", url, "folder"],
      ["mirror", "folder", url],
      ["verify", url, "folder"],
    ];
    for (const argv of commands) {
      const { code, stdout, stderr, report } = await ferry.run(argv);
      assert.equal(code, 1, report);
      assert.equal(stdout, "", report);
      assert.match(
        stderr,
        /^ferry: ftp:\/\/[^ ]*\/a\.txt\/ is a file, and no folder: leave out the "\/" at its end\n$/,
        report,
      );
    }
    const { stderr } = await ferry.run(["cat", "--json", url]);
    assert.equal(JSON.parse(stderr).code, "ERR_FERRY_IS_FILE");
    assert.equal(String(await server.files.get("/a.txt")), "1");
  });

  test("is told in other words where there is no slash: mirror makes folders alike", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/a.txt", "1");
    await server.files.makeDirectory("/d");
    using ferry = new Ferry();
    mkdirSync(ferry.home.at("folder"));
    ferry.home.put("file", "1");
    const url = server.url("a.txt");
    for (const [argv, message] of [
      [["mirror", url, "folder"], /\/a\.txt is a file: mirror makes folders alike\n$/],
      [["mirror", "folder", url], /\/a\.txt is a file: mirror makes folders alike\n$/],
      [["verify", url, "folder"], /\/a\.txt is a file, and folder is a folder\n$/],
      [["verify", server.url("d"), "file"], /\/d is a folder, and file is a file\n$/],
    ] as const) {
      const { code, stderr, report } = await ferry.run(argv);
      assert.equal(code, 1, report);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 2, report);
    }
  });
});

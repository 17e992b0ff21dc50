/** Servers that say of what is not there only that something failed, as vsftpd does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedServer } from "ferry/testing";
import { Ferry } from "./support/ferry.js";

test("what is not there is said to be so, where the server only says that it failed", async () => {
  await using server = await ScriptedServer.start({
    answers: {
      CWD: "550 Failed to change directory.",
      SIZE: "550 Could not get file size.",
      RETR: "550 Failed to open file.",
      DELE: "550 Delete operation failed.",
      RMD: "550 Remove directory operation failed.",
      RNFR: "550 RNFR command failed.",
    },
  });
  using ferry = new Ferry();
  const url = `ftp://${server.host}:${server.port}/none`;
  for (const argv of [
    ["cat", url],
    ["get", url],
    ["rm", url],
    ["rmdir", url],
    ["mv", url, "other"],
  ]) {
    const { code, stderr, report } = await ferry.run(argv);
    assert.equal(code, 1, report);
    assert.match(
      stderr,
      /^ferry: ftp:[^ ]*\/none: no such file or directory, or it may not be seen\n$/,
      report,
    );
  }
  const { stderr } = await ferry.run(["cat", "--json", url]);
  const { code, reply } = JSON.parse(stderr);
  assert.deepEqual([code, reply.lines], ["ERR_FERRY_FTP_NOT_FOUND", ["Failed to open file."]]);
});

test("what is there is told as the server says it", async () => {
  await using server = await ScriptedServer.start({
    answers: {
      SIZE: "213 5",
      MDTM: "213 20260101000000",
      RETR: "550 Failed to open file.",
      DELE: "550 Delete operation failed.",
    },
  });
  using ferry = new Ferry();
  const url = `ftp://${server.host}:${server.port}/there`;
  assert.match((await ferry.run(["cat", url])).stderr, /: RETR was answered 550 Failed to open file\n$/);
  assert.match((await ferry.run(["get", url])).stderr, /: RETR was answered 550 Failed to open file\n$/);
  assert.match((await ferry.run(["rm", url])).stderr, /: DELE was answered 550 Delete operation failed\n$/);
});

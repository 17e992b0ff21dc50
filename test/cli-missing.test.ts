/** Servers that say of what is not there only that something failed, as vsftpd does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Script, ScriptedServer } from "ferry/testing";
import { Ferry } from "./support/ferry.js";

const FAILED: NonNullable<Script["answers"]> = {
  RETR: "550 Failed to open file.",
  DELE: "550 Delete operation failed.",
  RMD: "550 Remove directory operation failed.",
  RNFR: "550 RNFR command failed.",
};

async function serving(
  answers: NonNullable<Script["answers"]>,
  work: (ferry: Ferry, url: string) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.start({ answers: { ...FAILED, ...answers } });
  using ferry = new Ferry();
  await work(ferry, `ftp://${server.host}:${server.port}/name`);
}

const COMMANDS = (url: string): readonly string[][] => [
  ["cat", url],
  ["get", url],
  ["rm", url],
  ["rmdir", url],
  ["mv", url, "other"],
];

test("what is not there is said to be so, where the server only says that it failed", async () => {
  await serving(
    { CWD: "550 Failed to change directory.", SIZE: "550 Could not get file size." },
    async (ferry, url) => {
      for (const argv of COMMANDS(url)) {
        const { code, stderr, report } = await ferry.run(argv);
        assert.equal(code, 1, report);
        assert.match(
          stderr,
          /^ferry: ftp:[^ ]*\/name: no such file or directory, or it may not be seen\n$/,
          report,
        );
      }
      const { code, reply } = JSON.parse((await ferry.run(["cat", "--json", url])).stderr);
      assert.deepEqual([code, reply.lines], ["ERR_FERRY_FTP_NOT_FOUND", ["Failed to open file."]]);
    },
  );
});

test("what is there is told as the server says it", async () => {
  await serving({ SIZE: "213 5", MDTM: "213 20260101000000" }, async (ferry, url) => {
    for (const argv of COMMANDS(url)) {
      const { stderr, report } = await ferry.run(argv);
      assert.match(stderr, /: [A-Z]+ was answered 550 [A-Za-z ]* (?:failed|file)\n$/, report);
    }
  });
});

/** STAT (RFC 959 4.1.3): of the session, of a pathname, and of a transfer that runs. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { type Entry, forward } from "ferry/storage";
import { leakCheck, type RawClient } from "ferry/testing";
import { passivePort } from "./support/data.js";
import { established, everywhere, OTHER, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

/** The lines that tell something: without the first and the last, which say what it is. */
async function status(client: RawClient, line: string, code: number): Promise<string[]> {
  const { lines } = await client.expect(line, code);
  assert.match(lines[0], /^Status of .*:$/);
  assert.equal(lines.at(-1), "End of status");
  return lines.slice(1, -1);
}

describe("STAT of the session", () => {
  everywhere("tells who is connected, with which parameters", async ({ client, served }) => {
    await served.connect();
    assert.deepEqual(await status(client, "STAT", 211), [
      `Connected from ${served.host} to ${served.host}`,
      "Logged in as anna",
      "TYPE: I, STRU: F, MODE: S",
      "Sessions on this server: 2",
      "No data connection",
    ]);
    await client.expect("TYPE A", 200);
    assert.ok((await status(client, "STAT", 211)).includes("TYPE: A N, STRU: F, MODE: S"));
  });

  somewhere("tells of the data connection", async ({ client }) => {
    const last = async () => (await status(client, "STAT", 211)).at(-1);
    await client.expect("PORT 127,0,0,1,200,10", 200);
    assert.equal(await last(), "Data connection asked for (active)");
    const port = await passivePort(client);
    assert.equal(await last(), "Data connection asked for (passive)");
    await using data = port.connect();
    await data.socket();
    await established(client);
    await client.expect("LIST", 125);
    await data.receiveAll();
    assert.equal((await client.reply()).code, 226);
    assert.equal(await last(), "No data connection");
  });
});

describe("STAT of a pathname", () => {
  everywhere("tells of a file (213) and a directory (212) what LIST tells", async ({ client, files }) => {
    await files.makeDirectory("/folder");
    await files.put("/folder/file", "text");
    await files.put("/folder/-other", "text");
    const listing = async (argument: string) =>
      (await client.download(`LIST ${argument}`)).bytes.toString().split("\r\n").slice(0, -1);
    assert.deepEqual(await status(client, "STAT folder", 212), await listing("folder"));
    assert.deepEqual(await status(client, "STAT folder/", 212), await listing("folder"));
    await client.expect("CWD folder", 250);
    assert.deepEqual(await status(client, "STAT file", 213), await listing("file"));
    assert.deepEqual(await status(client, "STAT ./-other", 213), [(await listing("-- -other"))[0]]);
    for (const line of ["STAT -l", "STAT -la", "STAT ."])
      assert.deepEqual(await status(client, line, 212), await listing(""));
    assert.deepEqual(await status(client, "STAT -la /folder/file", 213), await listing("file"));
  });

  withEachStorage(
    "is 450 for what is not there, and empty for an empty directory",
    async ({ client, files }) => {
      await files.put("/file", "text");
      await files.makeDirectory("/empty");
      assert.deepEqual(await status(client, "STAT empty", 212), []);
      for (const path of ["missing", "file/below", "*"]) await client.expect(`STAT ${path}`, 450);
    },
  );

  const MANY = 25_000;
  somewhere(
    "is cut after 10,000 entries, and says so",
    async ({ client }) => {
      const lines = await status(client, "STAT /", 212);
      assert.equal(lines.length, 10_001);
      assert.match(lines[9_999] ?? "", / entry 9999$/);
      assert.equal(lines[10_000], "(cut after 10000 entries: LIST and MLSD send all)");
      const { bytes } = await client.download("NLST /");
      assert.equal(bytes.toString().split("\r\n").length - 1, MANY);
    },
    {
      decorate: (storage) =>
        forward(storage, {
          async *list() {
            for (let from = 0; from < MANY; from += 700) {
              const count = Math.min(700, MANY - from);
              yield Array.from({ length: count }, (_, n): Entry => {
                return { name: `entry ${from + n}`, type: "file", size: 1, modified: 0 };
              });
            }
          },
        }),
    },
  );
});

describe("STAT during a transfer", () => {
  /** From "Transfer: STOR /file, 4 of 10 bytes in 0.1 s". */
  async function progress(
    client: RawClient,
  ): Promise<{ verb: string; bytes: number; total: number | undefined }> {
    const line = (await status(client, "STAT", 211)).at(-1) ?? "";
    const found = /^Transfer: (\S+ \S+), (\d+)(?: of (\d+))? bytes in \d+\.\d s$/.exec(line);
    assert.ok(found !== null, line);
    const [, verb = "", bytes, total] = found;
    return { verb, bytes: Number(bytes), total: total === undefined ? undefined : Number(total) };
  }

  everywhere("tells how many bytes have come", async ({ client }) => {
    const data = await client.extendedPassive();
    await client.expect("STOR file", 125, 150);
    assert.deepEqual(await progress(client), { verb: "STOR /file", bytes: 0, total: undefined });
    await data.send(Buffer.alloc(100_000));
    // What was sent is on its way; each STAT gives it another turn.
    while ((await progress(client)).bytes < 100_000);
    await data.end();
    assert.equal((await client.reply()).code, 226);
    assert.deepEqual((await status(client, "STAT", 211)).at(-1), "No data connection");
  });

  withEachStorage("tells how many bytes have gone, of how many", async ({ client, files }) => {
    await files.put("/file", Buffer.alloc(20_000_000));
    const data = await client.extendedPassive();
    await client.expect("RETR file", 125, 150);
    const { verb, bytes, total } = await progress(client);
    assert.deepEqual([verb, total], ["RETR /file", 20_000_000]);
    assert.ok(bytes < 20_000_000, "nobody has read it yet");
    const [received, last] = await Promise.all([data.receiveAll(), client.reply()]);
    assert.deepEqual([received.bytes.length, last.code], [20_000_000, 226]);
  });

  withEachStorage("of a pathname works as well, and NOOP too", async ({ client, files, served }) => {
    await files.put("/other", "text");
    const data = await client.extendedPassive();
    await client.expect("STOR file", 125, 150);
    assert.match((await status(client, "STAT other", 213)).join(), / other$/);
    await client.expect("NOOP", 200);
    await client.expect("STAT missing", 450);
    // Another session is told of its own.
    const other = await served.login(OTHER);
    assert.equal((await status(other, "STAT", 211)).at(-1), "No data connection");
    await data.end();
    assert.equal((await client.reply()).code, 226);
    assert.match(textOf(await client.expect("STAT", 211)), /No data connection/);
  });
});

/** TYPE A (RFC 959 3.1.1.1): CRLF on the wire, LF in files; and SIZE, which tells what RETR will send. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { describe } from "node:test";
import { leakCheck, type RawClient } from "ferry/testing";
import { everywhere, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

/** What is in the file, and what RETR sends of it. */
const SENT: readonly (readonly [string, string])[] = [
  ["", ""],
  ["\n", "\r\n"],
  ["one line\n", "one line\r\n"],
  ["no end", "no end"],
  ["a\n\n\nb", "a\r\n\r\n\r\nb"],
  ["is CRLF already\r\n", "is CRLF already\r\n"],
  ["mixed\r\nand\nnot", "mixed\r\nand\r\nnot"],
  ["a bare \r inside", "a bare \r inside"],
  ["last is CR\r", "last is CR\r"],
  ["\r\r\n\n\r", "\r\r\n\r\n\r"],
  ["ünïcödé ✓\n", "ünïcödé ✓\r\n"],
];

/** What STOR receives, and what is in the file then. */
const RECEIVED: readonly (readonly [string, string])[] = [
  ["", ""],
  ["\r\n", "\n"],
  ["one line\r\n", "one line\n"],
  ["no end", "no end"],
  ["LF alone\n", "LF alone\n"],
  ["a bare \r inside", "a bare \r inside"],
  ["last is CR\r", "last is CR\r"],
  ["\r\r\n\n\r", "\r\n\n\r"],
  ["\r\n\r\n", "\n\n"],
];

async function sizeOf(client: RawClient, name: string): Promise<number> {
  return Number(textOf(await client.expect(`SIZE ${name}`, 213)));
}

describe("TYPE A", () => {
  everywhere("sends line ends as CRLF, and SIZE says how many bytes that are", async ({ client, files }) => {
    await client.expect("TYPE A", 200);
    for (const [content, wire] of SENT) {
      await files.put("/file", content);
      const { bytes } = await client.download("RETR file");
      assert.equal(bytes.toString(), wire, JSON.stringify(content));
      assert.equal(await sizeOf(client, "file"), bytes.length, JSON.stringify(content));
    }
  });

  everywhere("stores CRLF as LF", async ({ client, files }) => {
    await client.expect("TYPE A N", 200);
    for (const [wire, content] of RECEIVED) {
      const [, completed] = await client.upload("STOR file", wire);
      assert.equal(completed?.code, 226);
      assert.equal((await files.get("/file")).toString(), content, JSON.stringify(wire));
      await client.expect("TYPE I", 200);
      assert.equal((await client.download("RETR file")).bytes.toString(), content);
      await client.expect("TYPE A", 200);
    }
  });

  withEachStorage("takes text back that it sent, and appends to it", async ({ client, files }) => {
    const lines = Array.from({ length: 60_000 }, () => "x".repeat(randomInt(100)));
    const content = `${lines.join("\n")}\n`;
    await files.put("/file", content);
    await client.expect("TYPE A", 200);
    const { bytes } = await client.download("RETR file");
    assert.equal(bytes.length, content.length + lines.length);
    assert.equal(await sizeOf(client, "file"), bytes.length);
    assert.equal((await client.upload("STOR copy", bytes)).at(-1)?.code, 226);
    assert.equal((await client.upload("APPE copy", "more\r\n")).at(-1)?.code, 226);
    assert.ok((await files.get("/copy")).equals(Buffer.from(`${content}more\n`)));
  });

  withEachStorage("does not mind where the network cuts the bytes", async ({ client, files }) => {
    await client.expect("TYPE A", 200);
    const data = await client.extendedPassive();
    await client.expect("STOR file", 125, 150);
    for (const piece of ["one\r", "\ntwo\r\n", "\r", "\r", "\n", "\n", "three\r"]) {
      await data.send(piece);
      // Gives the server a turn to take it in, so that the next one comes in a chunk of its own.
      await client.expect("NOOP", 200);
    }
    await data.end();
    assert.equal((await client.reply()).code, 226);
    assert.equal((await files.get("/file")).toString(), "one\ntwo\n\r\n\nthree\r");
  });

  withEachStorage("is not for listings, which have their own line ends", async ({ client, files }) => {
    await files.put("/file", "text");
    const listings: Buffer[] = [];
    for (const type of ["TYPE I", "TYPE A"]) {
      await client.expect(type, 200);
      for (const line of ["LIST", "NLST", "MLSD"]) listings.push((await client.download(line)).bytes);
    }
    assert.deepEqual(listings.slice(0, 3), listings.slice(3));
    for (const listing of listings) assert.match(listing.toString(), /^[^\r\n]*file\r\n$/);
  });

  somewhere("counts no more than 8 MiB for SIZE", async ({ client, files }) => {
    await files.put("/fits", Buffer.alloc(8 * 1024 * 1024, "\n"));
    await files.put("/does-not", Buffer.alloc(8 * 1024 * 1024 + 1, "\n"));
    await client.expect("TYPE A", 200);
    assert.equal(await sizeOf(client, "fits"), 16 * 1024 * 1024);
    await client.expect("SIZE does-not", 550);
    await client.expect("TYPE I", 200);
    assert.equal(await sizeOf(client, "does-not"), 8 * 1024 * 1024 + 1);
  });

  somewhere(
    "comes first where the letter of RFC 959 5.1 is wanted, and after REIN",
    async ({ client, files }) => {
      await files.put("/file", "a\nb\n");
      const told = async () => (await client.download("RETR file")).bytes.toString();
      assert.equal(await told(), "a\r\nb\r\n");
      await client.expect("TYPE I", 200);
      assert.equal(await told(), "a\nb\n");
      await client.expect("REIN", 220);
      await client.login("anna", "Pa55 w@rd:/");
      assert.equal(await told(), "a\r\nb\r\n");
    },
    { server: { strictRfc959: true } },
  );
});

describe("TYPE, STRU and MODE", () => {
  somewhere("take what moves data here, and name the rest 504", async ({ client }) => {
    const answers: Readonly<Record<number, readonly string[]>> = {
      200: ["TYPE A", "TYPE a n", "TYPE A N", "TYPE I", "TYPE i", "TYPE I N", "TYPE L 8", "STRU f", "MODE s"],
      504: [
        "TYPE A T",
        "TYPE A C",
        "TYPE E",
        "TYPE E N",
        "TYPE L 7",
        "TYPE L 36",
        "STRU R",
        "STRU P",
        "MODE B",
        "MODE C",
      ],
      501: [
        "TYPE",
        "TYPE X",
        "TYPE AN",
        "TYPE A X",
        "TYPE L",
        "TYPE L x",
        "TYPE I X",
        "STRU",
        "STRU X",
        "MODE X",
        "MODE SB",
      ],
    };
    for (const [code, lines] of Object.entries(answers)) {
      for (const line of lines) {
        const answer = await client.command(line);
        assert.equal(answer.code, Number(code), `${line}: ${textOf(answer)}`);
      }
    }
    assert.match(textOf(await client.expect("STAT", 211)), /TYPE: L 8, STRU: F, MODE: S/);
  });
});

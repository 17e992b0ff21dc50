/** RETR, STOR, APPE, STOU and REST: what is stored is what was sent, and what is sent is what is stored. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { leakCheck, type RawClient } from "ferry/testing";
import { sha256, someBytes } from "./support/files.js";
import { codesOf, everywhere, OTHER, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

const CONTENTS: readonly (readonly [string, Buffer])[] = [
  ["no byte", Buffer.alloc(0)],
  ["one byte", Buffer.of(0)],
  ["every byte", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ["line ends of all kinds", Buffer.from("a\nb\r\nc\rd\r\r\ne\n\n")],
  ["64 KiB exactly", someBytes(64 * 1024)],
  ["3 MB and a bit", someBytes(3_000_017)],
];

async function stored(
  client: RawClient,
  line: string,
  bytes: string | Uint8Array,
): Promise<number | undefined> {
  return (await client.upload(line, bytes)).at(-1)?.code;
}

async function retrieved(client: RawClient, line: string): Promise<string> {
  const { bytes, replies, ended } = await client.download(line);
  assert.deepEqual([codesOf(replies).at(-1), ended], [226, "end"], line);
  return bytes.toString();
}

describe("a file", () => {
  for (const [what, content] of CONTENTS) {
    everywhere(`of ${what} goes up and comes down as it is`, async ({ client, files }) => {
      assert.equal(await stored(client, "STOR file", content), 226);
      assert.equal(sha256(await files.get("/file")), sha256(content));
      const { bytes, replies } = await client.download("RETR file");
      assert.equal(sha256(bytes), sha256(content));
      // wget and others read the size there; files of /proc, whose size is 0, have an unknown one.
      if (content.length > 0) assert.ok(replies[0]?.lines[0].includes(` (${content.length} bytes)`));
      assert.equal(textOf(await client.expect("SIZE file", 213)), String(content.length));
    });
  }

  withEachStorage("is the same in TYPE I, TYPE L 8 and without a TYPE", async ({ client, files }) => {
    const content = Buffer.from("a\nb\r\nc\r");
    for (const type of ["NOOP", "TYPE I", "TYPE L 8", "type i", "STRU F", "MODE S"]) {
      await client.expect(type, 200);
      assert.equal(await stored(client, "STOR file", content), 226);
      assert.deepEqual(await files.get("/file"), content);
      assert.equal(await retrieved(client, "RETR file"), content.toString());
    }
  });

  withEachStorage("is replaced as a whole by a shorter one", async ({ client, files }) => {
    await files.put("/file", "a long text");
    assert.equal(await stored(client, "STOR file", "short"), 226);
    assert.equal((await files.get("/file")).toString(), "short");
  });

  withEachStorage("shows only when all of it has come", async ({ client, files, served }) => {
    await files.put("/old", "before");
    const other = await served.login(OTHER);
    for (const name of ["new", "old"]) {
      const data = await client.extendedPassive();
      await client.expect(`STOR ${name}`, 125, 150);
      await data.send("after");
      assert.equal(await retrieved(other, "NLST"), "old\r\n");
      assert.equal(await retrieved(other, "RETR old"), "before");
      await data.end();
      assert.equal((await client.reply()).code, 226);
      assert.equal(await retrieved(other, `RETR ${name}`), "after");
      if (name === "new") await files.remove("/new");
    }
  });

  withEachStorage(
    "goes on as it was for those who read it while it is replaced",
    async ({ client, files, served }) => {
      const content = someBytes(12_000_000);
      await files.put("/file", content);
      const other = await served.login(OTHER);
      const data = await other.extendedPassive();
      await other.expect("RETR file", 125, 150);
      // Nothing of it is read yet: most is still in the storage.
      await data.socket();
      assert.equal(await stored(client, "STOR file", "other"), 226);
      const [{ bytes }, last] = await Promise.all([data.receiveAll(), other.reply()]);
      assert.deepEqual([sha256(bytes), last.code], [sha256(content), 226]);
    },
  );

  withEachStorage("is no directory, and needs one that is there", async ({ client, files }) => {
    await files.makeDirectory("/folder");
    await files.put("/file", "text");
    for (const line of ["STOR folder", "APPE folder", "STOR missing/file", "STOR file/below", "STOR /"]) {
      assert.equal(await stored(client, line, "text"), 553, line);
    }
    for (const line of ["RETR folder", "RETR missing", "RETR file/below", "RETR /"]) {
      assert.deepEqual(codesOf((await client.download(line)).replies), [550], line);
    }
    assert.deepEqual(await files.names("/"), ["file", "folder"]);
  });
});

describe("APPE", () => {
  withEachStorage("adds to a file, or makes it", async ({ client, files }) => {
    assert.equal(await stored(client, "APPE file", "one "), 226);
    assert.equal(await stored(client, "APPE file", "two "), 226);
    assert.equal(await stored(client, "APPE file", ""), 226);
    assert.equal(await stored(client, "APPE file", "three"), 226);
    assert.equal((await files.get("/file")).toString(), "one two three");
  });

  withEachStorage(
    "has a file to itself: a second one is told to try again",
    async ({ client, files, served }) => {
      await files.put("/file", "0");
      const data = await client.extendedPassive();
      await client.expect("APPE file", 125, 150);
      await data.send("1");
      const other = await served.login(OTHER);
      assert.equal(await stored(other, "APPE file", "2"), 450);
      await data.end();
      assert.equal((await client.reply()).code, 226);
      assert.equal(await stored(other, "APPE file", "2"), 226);
      assert.equal((await files.get("/file")).toString(), "012");
    },
  );
});

describe("REST", () => {
  everywhere("begins RETR at any byte of the file, its end included", async ({ client, files }) => {
    const content = someBytes(200_000);
    await files.put("/file", content);
    for (const start of [0, 1, 65_536, 199_999, 200_000]) {
      await client.expect(`REST ${start}`, 350);
      const { bytes, replies } = await client.download("RETR file");
      assert.deepEqual([codesOf(replies).at(-1), sha256(bytes)], [226, sha256(content.subarray(start))]);
    }
    for (const start of [200_001, 5_000_000_000, Number.MAX_SAFE_INTEGER]) {
      await client.expect(`REST ${start}`, 350);
      assert.deepEqual(codesOf((await client.download("RETR file")).replies), [550]);
    }
  });

  withEachStorage("begins STOR there: what stands before it stays", async ({ client, files }) => {
    for (const [start, result] of [
      [4, "0123new"],
      [10, "0123456789new"],
      [0, "new"],
    ] as const) {
      await files.put("/file", "0123456789");
      await client.expect(`REST ${start}`, 350);
      assert.equal(await stored(client, "STOR file", "new"), 226);
      assert.equal((await files.get("/file")).toString(), result);
    }
    await client.expect("REST 4", 350);
    assert.equal(await stored(client, "STOR file", "new"), 550);
    await client.expect("REST 4", 350);
    assert.ok([550, 553].includes((await stored(client, "STOR missing", "new")) ?? 0));
  });

  const refused = [
    "RETR missing",
    "STOR /",
    "LIST missing",
    "STOU\tx",
    `RETR ${"x".repeat(5000)}`,
    "MLSD missing",
  ];
  for (const line of ["LIST", "RETR file", ...refused]) {
    somewhere(
      `holds for the next transfer only, which was ${line.slice(0, 20)}`,
      async ({ client, files }) => {
        await files.put("/file", "0123456789");
        await files.put("/other", "0123456789");
        await client.expect("REST 4", 350);
        await client.download(line);
        assert.equal(await retrieved(client, "RETR other"), "0123456789");
        assert.equal(await stored(client, "STOR other", "x"), 226);
        assert.equal((await files.get("/other")).toString(), "x");
      },
    );
  }

  somewhere("is forgotten with a transfer that had no data connection", async ({ client, files }) => {
    await files.put("/file", "0123456789");
    await client.expect("REST 4", 350);
    await client.expect("RETR file", 425);
    assert.equal(await retrieved(client, "RETR file"), "0123456789");
  });

  somewhere("outlives what comes between it and its transfer", async ({ client, files }) => {
    await files.put("/file", "0123456789");
    await client.expect("REST 4", 350);
    for (const line of ["NOOP", "SIZE file", "PWD", "TYPE I"]) await client.expect(line, 200, 213, 257);
    assert.equal(await retrieved(client, "RETR file"), "456789");
  });

  somewhere("takes whole numbers that are exact, and in TYPE A only 0", async ({ client }) => {
    for (const wrong of ["-1", "1.5", "x", "", "1 2", "9007199254740992", "99999999999999999999", "0x10"]) {
      await client.expect(`REST ${wrong}`, 501);
    }
    await client.expect("TYPE A", 200);
    await client.expect("REST 0", 350);
    await client.expect("REST 1", 501);
  });

  somewhere("does not go with APPE, nor into TYPE A", async ({ client, files }) => {
    await files.put("/file", "0123456789");
    await client.expect("REST 4", 350);
    assert.equal(await stored(client, "APPE file", "x"), 501);
    await client.expect("REST 4", 350);
    await client.expect("TYPE A", 200);
    assert.deepEqual(codesOf((await client.download("RETR file")).replies), [501]);
    await client.expect("TYPE I", 200);
    assert.equal(await retrieved(client, "RETR file"), "0123456789");
  });
});

describe("STOU", () => {
  everywhere(
    "tells the name that it chose in both replies, in the working directory",
    async ({ client, files }) => {
      await files.makeDirectory("/folder");
      await client.expect("CWD folder", 250);
      const names = new Set<string>();
      for (const line of ["STOU", "STOU", "STOU hint.txt", "STOU hint.txt", "STOU ../../hint", "STOU a b"]) {
        const [opened, completed] = await client.upload(line, line);
        // RFC 1123 4.1.2.9: "FILE: " and the name, in this form.
        const name = /^FILE: (.+)$/.exec(opened?.lines[0] ?? "")?.[1] ?? assert.fail(opened?.lines[0]);
        assert.equal(completed?.code, 226);
        assert.ok(completed.lines[0].endsWith(name));
        assert.equal(await retrieved(client, `RETR ${name}`), line);
        names.add(name);
      }
      assert.deepEqual(await files.names("/folder"), [...names].sort());
      assert.equal(names.size, 6);
      assert.equal([...names].filter((name) => name.startsWith("hint.txt")).length, 2);
      assert.deepEqual(await files.names("/"), ["folder"]);
    },
  );
});

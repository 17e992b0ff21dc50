/** Whether what is here and what is on the server are the same. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { FtpClient, FtpPool, type VerifiedFile, verify } from "ferry/client";
import { leakCheck, type Script, ScriptedServer } from "ferry/testing";
import { LocalFolder, someBytes } from "./support/files.js";
import { optionsFor, TestServer } from "./support/server.js";

leakCheck();

const CONTENT = Buffer.from("what is in the file");

const hashed = (algorithm: string) => createHash(algorithm).update(CONTENT).digest("hex");
const checksum = crc32(CONTENT).toString(16).padStart(8, "0");

type Served = readonly [features: string, answers: Script["answers"], by: string, name?: string];

/** Which digests a server has, how it says them, and by which one it is compared. */
const SERVERS: Readonly<Record<string, Served>> = {
  "HASH, after OPTS HASH": [
    "HASH SHA-1;SHA-512*;MD5",
    { HASH: `213 SHA-512 0-19 ${hashed("sha512")} f` },
    "sha512",
  ],
  XSHA512: ["XSHA512", { XSHA512: `250 ${hashed("sha512").toUpperCase()}` }, "sha512"],
  XSHA256: ["XSHA256", { XSHA256: `250 "f" ${hashed("sha256")}` }, "sha256"],
  XSHA1: ["XSHA1", { XSHA1: `213 ${hashed("sha1")}` }, "sha1"],
  XSHA: ["XSHA", { XSHA: ["250-Wait.", `250 ${hashed("sha1")}`] }, "sha1"],
  XMD5: ["XMD5", { XMD5: `250 ${hashed("md5")}` }, "md5"],
  "MD5 of draft-twine-ftpmd5": ["MD5", { MD5: `251 f ${hashed("md5").toUpperCase()}` }, "md5"],
  XCRC: ["XCRC", { XCRC: `250 ${checksum}` }, "crc32"],
  "a name that looks like a digest": [
    "XMD5",
    { XMD5: (peer, name) => peer.reply(`250 ${name} ${hashed("md5")}`) },
    "md5",
    "0".repeat(32),
  ],
  "a digest that is refused, and a worse one": [
    "XSHA256\r\n XMD5",
    { XSHA256: "550 Too long.", XMD5: `250 ${hashed("md5")}` },
    "md5",
  ],
  "no digest at all": ["TVFS", {}, "size"],
};

function script([features, answers]: Served): Script {
  return {
    answers: {
      FEAT: `211-Features:\r\n ${features}\r\n SIZE\r\n211 End`,
      SIZE: `213 ${CONTENT.length}`,
      MDTM: "213 20240101000000",
      RETR: (peer) => peer.sendFile(CONTENT),
      STOR: async (peer) => void (await peer.receiveFile()),
      ...answers,
    },
  };
}

describe("a file is compared", () => {
  for (const [name, server] of Object.entries(SERVERS)) {
    test(`by ${server[2]} with a server that has ${name}`, async () => {
      await using scripted = await ScriptedServer.start(script(server));
      await using client = await FtpClient.connect(optionsFor(scripted));
      using folder = new LocalFolder();
      const same = await client.compare("f", folder.put("same", CONTENT));
      assert.deepEqual({ equal: same.equal, by: same.by }, { equal: true, by: server[2] });
      assert.equal(same.local, same.remote);
      if (server[3] !== undefined) assert.equal((await client.compare(server[3], CONTENT)).equal, true);
      // Of the same length: only a digest shows it.
      const other = Buffer.from(CONTENT);
      other[0] = 0;
      assert.equal((await client.compare("f", other)).equal, server[2] === "size");
      assert.equal((await client.compare("f", new Blob([new Uint8Array(CONTENT)]))).equal, true);
      assert.equal((await client.compare("f", CONTENT.subarray(1))).equal, false);
    });
  }

  test("and a file of ours that is not there is told apart from one of the server's", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    await assert.rejects(client.compare("f", folder.at("nothing")), { code: "ERR_FERRY_FTP_LOCAL" });
    await assert.rejects(client.compare("f", CONTENT), { code: "ERR_FERRY_FTP_NOT_FOUND" });
  });
});

describe("a transfer that is verified", () => {
  const damaged = script(["XSHA256", { XSHA256: `250 ${"0".repeat(64)}` }, ""]);

  test("says how the files were found to be the same", async () => {
    await using server = await ScriptedServer.start(script(SERVERS.XSHA256 as Served));
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const expected = { by: "sha256", equal: true, remote: hashed("sha256"), local: hashed("sha256") };
    const down = await client.download("f", folder.at("f"), { verify: true, keepTimes: true });
    assert.deepEqual(down.verified, expected);
    assert.deepEqual(folder.get("f"), CONTENT);
    assert.deepEqual((await client.upload(CONTENT, "f", { verify: true })).verified, expected);
  });

  test("leaves no file when it is not the same, and a new try begins anew", async () => {
    await using server = await ScriptedServer.start(damaged);
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const error = { code: "ERR_FERRY_FTP_VERIFY", retryable: true, by: "sha256" };
    await assert.rejects(client.download("f", folder.at("f"), { verify: true }), error);
    assert.ok(!folder.has("f") && !folder.has("f.part"));
    await assert.rejects(client.download("f", folder.at("f"), { verify: true, resume: true }), error);
    assert.ok(!server.verbs.includes("REST"));
    await assert.rejects(client.upload(CONTENT, "f", { verify: true }), error);
    assert.equal(await client.size("f"), CONTENT.length, "the connection is in step");
  });

  test("is refused, before anything is sent, where nothing could be compared", async () => {
    await using server = await ScriptedServer.start(script(SERVERS.XMD5 as Served));
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    async function* once() {
      yield CONTENT;
    }
    const refused = { code: "ERR_FERRY_FTP_ARGUMENT" };
    await assert.rejects(client.download("f", folder.at("f"), { verify: true, type: "ascii" }), refused);
    await assert.rejects(client.download("f", folder.at("f"), { verify: true, end: 5 }), refused);
    await assert.rejects(client.upload(once(), "f", { verify: true }), refused);
    assert.ok(!server.verbs.includes("RETR") && !server.verbs.includes("STOR"));
  });
});

describe("a folder", () => {
  test("is compared file by file, and what is on one side only is named", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 3 });
    using folder = new LocalFolder();
    await server.files.makeDirectory("/d");
    await server.files.makeDirectory("/d/sub");
    mkdirSync(folder.at("sub"));
    const bytes = someBytes(1000);
    for (const name of ["same", "sub/same", "longer"]) {
      await server.files.put(`/d/${name}`, bytes);
      writeFileSync(folder.at(name), name === "longer" ? someBytes(1001) : bytes);
    }
    await server.files.put("/d/sub/there", bytes);
    folder.put("here", bytes);
    folder.put("left-out", bytes);
    const told: VerifiedFile[] = [];
    const { equal, files } = await verify(pool, "d", folder.path, {
      exclude: ["left-*"],
      onFile: (file) => told.push(file),
    });
    assert.equal(equal, false);
    assert.deepEqual(files, [
      { path: "here", equal: false, by: "presence", missing: "remote" },
      { path: "longer", equal: false, by: "size", remote: 1000, local: 1001 },
      { path: "same", equal: true, by: "size", remote: 1000, local: 1000 },
      { path: "sub/same", equal: true, by: "size", remote: 1000, local: 1000 },
      { path: "sub/there", equal: false, by: "presence", missing: "local" },
    ]);
    assert.equal(told.length, files.length);
    const part = await pool.run((client) =>
      verify(client, "d/sub", folder.at("sub"), { exclude: ["there"] }),
    );
    assert.equal(part.equal, true);
    const one = await verify(pool, "d/same", folder.at("same"));
    assert.deepEqual(one, {
      equal: true,
      files: [{ path: "same", equal: true, by: "size", remote: 1000, local: 1000 }],
    });
  });

  test("says on which side a name is that the other cannot have", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool(optionsFor(server));
    using folder = new LocalFolder();
    await server.files.makeDirectory("/d");
    // No UTF-8.
    writeFileSync(Buffer.concat([Buffer.from(folder.at("latin")), Buffer.of(0xe9)]), CONTENT);
    const { equal, files } = await verify(pool, "d", folder.path);
    assert.equal(equal, false);
    assert.deepEqual(
      files.map((file) => file.by === "presence" && file.missing),
      ["remote"],
    );
  });

  test("that the server does not have is no empty one", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool(optionsFor(server));
    using folder = new LocalFolder();
    await assert.rejects(verify(pool, "nothing", folder.path), { code: "ERR_FERRY_FTP_NOT_FOUND" });
    await assert.rejects(verify(pool, "/", folder.at("nothing")), { code: "ERR_FERRY_FTP_LOCAL" });
  });
});

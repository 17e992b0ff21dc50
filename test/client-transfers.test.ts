/** The client against Ferry's own server, over sockets: every verb, both families, both ways of data connections. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync, utimesSync, writeFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { type DataMode, FtpClient, type Progress, type TraceLine } from "ferry/client";
import { LocalFolder, someBytes } from "./support/files.js";
import { type Family, optionsFor, TestServer, unlessFamily } from "./support/server.js";

type Way = { readonly family: Family; readonly dataMode: DataMode };

const WAYS: readonly Way[] = [
  { family: "IPv4", dataMode: "passive" },
  { family: "IPv4", dataMode: "active" },
  { family: "IPv6", dataMode: "passive" },
  { family: "IPv6", dataMode: "active" },
];

async function namesOf(client: FtpClient, path?: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.list(path)) names.push(name);
  return names.sort();
}

for (const { family, dataMode } of WAYS) {
  describe(`over ${family}, ${dataMode}`, { skip: unlessFamily(family) }, () => {
    test("files go up and down as they are, and listings show them", async () => {
      await using server = await TestServer.start({ family });
      await using client = await FtpClient.connect(optionsFor(server, { dataMode }));
      for (const length of [0, 1, 70_000, 3_000_001]) {
        const bytes = someBytes(length);
        const { bytes: moved } = await client.upload(bytes, "file.bin");
        assert.equal(moved, length);
        assert.deepEqual(await server.files.get("/file.bin"), bytes);
        assert.deepEqual(await client.readFile("file.bin"), bytes);
        assert.equal(await client.size("file.bin"), length);
      }
      await client.makeDirectory("a b");
      assert.deepEqual(await namesOf(client), ["a b", "file.bin"]);
      const expected = { passive: ["EPSV"], active: [family === "IPv4" ? "PORT" : "EPRT"] };
      assert.deepEqual(server.dataVerbs, expected[dataMode as "passive" | "active"]);
    });
  });
}

describe("sources and targets", () => {
  test("are paths, bytes, Blobs, streams of Node and of the Web, and generators", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const bytes = someBytes(200_000);
    async function* generator() {
      yield "";
      yield bytes.subarray(0, 5);
      yield bytes.subarray(5);
    }
    const sources = [
      folder.put("source", bytes),
      bytes,
      new Blob([new Uint8Array(bytes)]),
      Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]),
      new Blob([new Uint8Array(bytes)]).stream(),
      generator(),
    ];
    for (const [n, source] of sources.entries()) {
      await client.upload(source, `up-${n}`);
      assert.deepEqual(await server.files.get(`/up-${n}`), bytes, `source ${n}`);
    }

    await client.download("up-0", folder.at("down"));
    assert.deepEqual(folder.get("down"), bytes);
    assert.equal(folder.has("down.part"), false);
    const chunks: Buffer[] = [];
    const writable = new Writable({
      write(chunk, _encoding, callback) {
        chunks.push(chunk);
        setImmediate(callback);
      },
    });
    await client.download("up-0", writable);
    assert.deepEqual(Buffer.concat(chunks), bytes);
    const web: Uint8Array[] = [];
    await client.download("up-0", new WritableStream<Uint8Array>({ write: (chunk) => void web.push(chunk) }));
    assert.deepEqual(Buffer.concat(web), bytes);
  });

  test("createReadStream and createWriteStream are Node's streams", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    const bytes = someBytes(2_000_000);
    await pipeline(
      Readable.from([bytes.subarray(0, 999_999), bytes.subarray(999_999)]),
      client.createWriteStream("f"),
    );
    assert.deepEqual(await server.files.get("/f"), bytes, "finished means stored");
    assert.deepEqual(Buffer.concat(await client.createReadStream("f").toArray()), bytes);
    const some = client.createReadStream("f", { start: 10, end: 1_500_010 });
    assert.deepEqual(Buffer.concat(await some.toArray()), bytes.subarray(10, 1_500_010));
    await client.createWriteStream("empty").end();
    await client.send("NOOP");
    assert.equal(await client.size("empty"), 0);
  });

  test("a read stream that is destroyed leaves the client in step", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    await server.files.put("/f", someBytes(20_000_000));
    const stream = client.createReadStream("f");
    await once(stream, "readable");
    stream.destroy();
    assert.equal(await client.size("f"), 20_000_000);
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 1, "on the same connection");
  });

  test("a write stream fails as the server does", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(pipeline(Readable.from([someBytes(10)]), client.createWriteStream("no/such/f")), {
      code: "ERR_FERRY_FTP_REPLY",
      retryable: false,
    });
  });

  test("text is converted when asked", async () => {
    await using server = await TestServer.start();
    const said: string[] = [];
    const onTrace = (line: TraceLine) => void (line.kind === "command" && said.push(line.text));
    await using client = await FtpClient.connect(optionsFor(server, { onTrace }));
    await client.upload(Buffer.from("a\nb\n"), "text", { type: "ascii" });
    assert.equal(String(await server.files.get("/text")), "a\nb\n");
    assert.equal(String(await client.readFile("text", { type: "ascii" })), "a\nb\n");
    await client.upload(Buffer.from("a\nb\n"), "bytes", { type: "local8" });
    assert.equal(String(await server.files.get("/bytes")), "a\nb\n");
    assert.equal(String(await client.readFile("bytes", { type: "local8" })), "a\nb\n");
    assert.ok(said.includes("TYPE L 8"));
  });
});

describe("continuing", () => {
  test("a download goes on where its part ends", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const bytes = someBytes(500_000);
    await server.files.put("/f", bytes);
    writeFileSync(folder.at("f.part"), bytes.subarray(0, 123_457));
    const moved = await client.download("f", folder.at("f"), { resume: true });
    assert.deepEqual({ start: moved.start, bytes: moved.bytes }, { start: 123_457, bytes: 376_543 });
    assert.deepEqual(folder.get("f"), bytes);
  });

  test("a part that is longer than the file is not of this file", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    await server.files.put("/f", "short");
    folder.put("f.part", someBytes(100));
    await client.download("f", folder.at("f"), { resume: true });
    assert.equal(String(folder.get("f")), "short");
  });

  test("an upload goes on where the server's file ends, and a whole one is left alone", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const bytes = someBytes(300_000);
    const path = folder.put("f", bytes);
    await server.files.put("/f", bytes.subarray(0, 100_001));
    const moved = await client.upload(path, "f", { resume: true });
    assert.deepEqual({ start: moved.start, bytes: moved.bytes }, { start: 100_001, bytes: 199_999 });
    assert.deepEqual(await server.files.get("/f"), bytes);
    assert.equal((await client.upload(path, "f", { resume: true })).bytes, 0);
    await assert.rejects(client.upload(Readable.from([bytes]), "f", { resume: true }), {
      code: "ERR_FERRY_FTP_ARGUMENT",
    });
  });

  test("appending adds", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    await client.append(Buffer.from("one"), "log");
    await client.append(Buffer.from("two"), "log");
    assert.equal(String(await client.readFile("log")), "onetwo");
  });

  test("a range is those bytes and no others, at the file's end too", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    const bytes = someBytes(9_000_000);
    await server.files.put("/f", bytes);
    const ranges: readonly (readonly [number, number])[] = [
      [0, 0],
      [0, 1],
      [5, 4_000_000],
      [8_999_999, 9_000_000],
      [0, 9_000_000],
    ];
    for (const [start, end] of ranges) {
      assert.deepEqual(
        await client.readFile("f", { start, end }),
        bytes.subarray(start, end),
        `${start}-${end}`,
      );
    }
    await assert.rejects(client.readFile("f", { start: 2, end: 1 }), { code: "ERR_FERRY_FTP_ARGUMENT" });
  });
});

describe("files and directories", () => {
  test("can be asked about, renamed, removed, and given times and modes", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    const path = folder.put("f", "content");
    utimesSync(path, 1e9, 1e9);
    await client.upload(path, "f", { keepTimes: true });
    assert.equal(await client.modified("f"), 1e12);
    await client.download("f", folder.at("back"), { keepTimes: true });
    assert.equal(statSync(folder.at("back")).mtimeMs, 1e12);
    await client.setTimes("f", { modified: 5e11 });
    const { name, type, size, modified } = await client.stat("f");
    assert.deepEqual({ name, type, size, modified }, { name: "f", type: "file", size: 7, modified: 5e11 });
    await client.setMode("f", 0o600);
    assert.equal((await client.stat("f")).mode, 0o600);
    await client.rename("f", "g");
    assert.equal(await client.exists("f"), false);
    assert.equal(await client.exists("g"), true);
    await client.remove("g");
    await assert.rejects(client.stat("g"), { code: "ERR_FERRY_FTP_NOT_FOUND" });
    await assert.rejects(client.size("g"), { code: "ERR_FERRY_FTP_NOT_FOUND" });
  });

  test("trees are made and removed", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    await client.makeDirectory("a/b/c", { recursive: true });
    await client.makeDirectory("a/b/c", { recursive: true });
    await assert.rejects(client.makeDirectory("a"), { code: "ERR_FERRY_FTP_REPLY" });
    await client.upload(Buffer.from("x"), "a/b/f");
    await client.upload(Buffer.from("x"), "a/.hidden");
    await assert.rejects(client.removeDirectory("a"), { code: "ERR_FERRY_FTP_REPLY" });
    await client.removeDirectory("a", { recursive: true });
    assert.deepEqual(await server.files.names("/"), []);
  });

  test("names with blanks, quotes and letters of all kinds come back as they went", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    const names = [" leading", "-la", 'a "quote"', "naïve ☃ 𝄞", "back\\slash", "semi;colon=1", "x -> y"];
    for (const name of names) await client.upload(Buffer.from(name), name);
    assert.deepEqual(await namesOf(client), [...names].sort());
    await client.makeDirectory('d"e"f');
    await client.changeDirectory('d"e"f');
    assert.equal(await client.workingDirectory(), '/d"e"f');
    await client.changeDirectory("..");
    assert.equal(await client.workingDirectory(), "/");
  });

  test("a listing can be left, and other calls run while it is gone through", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 3000; n++) await server.files.put(`/file-${n}`, "");
    let seen = 0;
    for await (const { name } of client.list()) {
      if (++seen % 1000 === 0) assert.equal(await client.size(name), 0);
    }
    assert.equal(seen, 3000);
    for await (const _ of client.list()) break;
    assert.equal(await client.workingDirectory(), "/");
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 1);
  });
});

describe("calls", () => {
  test("are queued: many at once are done one after the other", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    const all = Array.from({ length: 20 }, async (_, n) => {
      await client.upload(Buffer.from(`${n}`), `f${n}`);
      return String(await client.readFile(`f${n}`));
    });
    assert.deepEqual(
      await Promise.all(all),
      Array.from({ length: 20 }, (_, n) => `${n}`),
    );
  });

  test("tell how far they are", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server, { rate: 1_000_000 }));
    const events: Progress[] = [];
    await client.upload(someBytes(600_000), "f", { onProgress: (progress) => events.push(progress) });
    const last = events.at(-1);
    assert.ok(events.length >= 3, `${events.length} events`);
    assert.deepEqual(
      {
        bytes: last?.bytes,
        total: last?.total,
        done: last?.done,
        eta: last?.eta,
        direction: last?.direction,
      },
      { bytes: 600_000, total: 600_000, done: true, eta: 0, direction: "upload" },
    );
    assert.ok((last?.rate ?? 0) > 500_000 && (last?.rate ?? 0) < 1_500_000, `${last?.rate} bytes per second`);
    assert.ok(events.some(({ eta, done }) => !done && eta !== undefined && eta > 0));
    const down: Progress[] = [];
    await client.readFile("f", { start: 300_000, onProgress: (progress) => down.push(progress) });
    assert.equal(down[0]?.bytes, 300_000);
  });

  test("that are aborted leave the connection in step", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    using folder = new LocalFolder();
    await server.files.put("/f", someBytes(30_000_000));
    for (let n = 0; n < 3; n++) {
      const stop = new AbortController();
      const download = client.download("f", folder.at("f"), {
        signal: stop.signal,
        rate: 5_000_000,
        onProgress: ({ bytes }) => bytes > 0 && stop.abort(new Error("enough")),
      });
      await assert.rejects(download, { name: "AbortError", code: "ERR_FERRY_FTP_ABORTED" });
      assert.equal(folder.has("f"), false, "half a file never looks whole");
      assert.equal(await client.workingDirectory(), "/");
    }
    await assert.rejects(client.size("f", { signal: AbortSignal.abort() }), { name: "AbortError" });
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 1, "on the same connection");
  });

  test("fail on our side without harm to the connection", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    await server.files.put("/f", someBytes(3_000_000));
    await assert.rejects(client.download("f", "/no/such/folder/f"), { code: "ERR_FERRY_FTP_LOCAL" });
    await assert.rejects(client.upload("/no/such/file", "g"), { code: "ERR_FERRY_FTP_LOCAL" });
    const full = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error("disk full")) });
    await assert.rejects(client.download("f", full), { code: "ERR_FERRY_FTP_LOCAL" });
    async function* broken() {
      yield someBytes(100_000);
      throw new Error("source broke");
    }
    await assert.rejects(client.upload(broken(), "half"), { code: "ERR_FERRY_FTP_LOCAL" });
    assert.equal(await client.exists("half"), false);
    assert.equal(await client.workingDirectory(), "/");
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 1);
  });

  test("refuse line ends in every argument, and send nothing of them", async () => {
    await using server = await TestServer.start();
    await using client = await FtpClient.connect(optionsFor(server));
    const bad = "x\r\nDELE f";
    const before = server.verbs.length;
    const calls: readonly (() => Promise<unknown>)[] = [
      () => client.size(bad),
      () => client.stat(bad),
      () => client.remove(bad),
      () => client.modified("a\nb"),
      () => client.rename(bad, "y"),
      () => client.makeDirectory("a\0b"),
      () => client.removeDirectory(bad),
      () => client.changeDirectory(bad),
      () => client.setTimes(bad, { modified: 0 }),
      () => client.setMode(bad, 0o644),
      () => client.send(`NOOP ${bad}`),
      () => client.send("NO\nOP"),
    ];
    for (const call of calls) await assert.rejects(call(), { code: "ERR_FERRY_FTP_ARGUMENT" });
    assert.deepEqual(
      server.verbs.slice(before).filter((verb) => verb !== "TYPE"),
      [],
    );
    const transfers: readonly (() => Promise<unknown>)[] = [
      () => client.readFile(bad),
      () => client.upload(Buffer.from(""), bad),
      () => client.append(Buffer.from(""), bad),
      () => namesOf(client, bad),
    ];
    for (const call of transfers) await assert.rejects(call(), { code: "ERR_FERRY_FTP_ARGUMENT" });
    assert.ok(!server.verbs.includes("DELE"));
    assert.throws(() => new FtpClient(optionsFor(server, { user: "a\r\nb" })), {
      code: "ERR_FERRY_FTP_ARGUMENT",
    });
  });

  test("fail when the client is closed, and destroy ends those that run", async () => {
    await using server = await TestServer.start();
    const client = await FtpClient.connect(optionsFor(server));
    await server.files.put("/f", someBytes(30_000_000));
    const running = client.readFile("f", { rate: 1_000_000 });
    const waiting = client.size("f");
    const expected = { code: "ERR_FERRY_FTP_CLOSED" };
    const both = Promise.all([assert.rejects(running, expected), assert.rejects(waiting, expected)]);
    await client.destroy();
    await both;
    await assert.rejects(client.size("f"), expected);
    await client.close();
  });
});

describe("logging in", () => {
  test("a wrong password is told apart, and no trace or error shows it", async () => {
    await using server = await TestServer.start();
    const seen: string[] = [];
    const options = optionsFor(server, {
      password: "hunter22",
      onTrace: (line) => seen.push(JSON.stringify(line)),
    });
    await assert.rejects(FtpClient.connect(options), (error: Error) => {
      assert.equal((error as { code?: string }).code, "ERR_FERRY_FTP_LOGIN");
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes("hunter22"));
      return true;
    });
    assert.ok(seen.length > 3);
    assert.ok(!seen.join().includes("hunter22"));
    assert.ok(seen.join().includes("PASS ****"));
  });

  test("a port where nobody listens is said to be one", async () => {
    const server = await TestServer.start();
    const options = optionsFor(server);
    await server[Symbol.asyncDispose]();
    await assert.rejects(FtpClient.connect(options), {
      code: "ERR_FERRY_FTP_CONNECTION",
      phase: "connect",
      retryable: true,
    });
  });
});

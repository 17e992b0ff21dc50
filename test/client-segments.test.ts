/** One file over several connections, against Ferry's own server and scripted ones. */
import assert from "node:assert/strict";
import {
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import { downloadSegments, type Progress } from "ferry/client";
import { type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { LocalFolder, someBytes } from "./support/files.js";
import { poolFor } from "./support/pool.js";
import { TestServer } from "./support/server.js";

const MEGABYTE = 1024 * 1024;
const FAST = { reply: 3000, dataConnect: 1000, stall: 1500, completion: 1500, abort: 600 } as const;

/** A server of one file, which tells where each transfer began. */
class OneFile {
  readonly starts: number[] = [];
  /** Bytes that were given to the network, of all transfers. */
  sent = 0;
  modified = "20240101000000";
  content: Buffer;
  /** Called for each transfer; may do it in its own way. */
  readonly onRetr: ((peer: ScriptedPeer, start: number, n: number) => Promise<boolean> | boolean) | undefined;

  constructor(content: Buffer, onRetr?: OneFile["onRetr"]) {
    this.content = content;
    this.onRetr = onRetr;
  }

  script(features: readonly string[] = ["REST STREAM"], answers: Script["answers"] = {}): Script {
    const marks = new WeakMap<ScriptedPeer, number>();
    return {
      answers: {
        FEAT: ["211-Features:", ...features.map((feature) => ` ${feature}`), "211 End"],
        SIZE: (peer) => peer.reply(`213 ${this.content.length}`),
        MDTM: (peer) => peer.reply(`213 ${this.modified}`),
        REST: (peer, start) => {
          marks.set(peer, Number(start));
          peer.reply("350 Go on.");
        },
        RETR: async (peer) => {
          const start = marks.get(peer) ?? 0;
          marks.delete(peer);
          const n = this.starts.push(start);
          if ((await this.onRetr?.(peer, start, n)) === true) return;
          await this.send(peer, start);
        },
        ...answers,
      },
    };
  }

  async send(peer: ScriptedPeer, start: number, end = this.content.length): Promise<void> {
    peer.reply("150 Here it comes.");
    const socket = await peer.data();
    for (let from = start; from < end; from += 64 * 1024) {
      const chunk = this.content.subarray(from, Math.min(end, from + 64 * 1024));
      if (!(await peer.flood(chunk, socket))) break;
      this.sent += chunk.length;
    }
    socket.end();
    await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve)));
    peer.reply("226 Done.");
  }
}

describe("a download in segments", () => {
  test("brings one file over several connections, with its time, and tells how far it is", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server, { connections: 4 });
    using folder = new LocalFolder();
    const bytes = someBytes(9 * MEGABYTE + 17);
    await server.files.put("/big", bytes);
    await pool.run((client) => client.setTimes("big", { modified: 1e12 }));
    const seen: Progress[] = [];
    const moved = await downloadSegments(pool, "big", folder.at("big"), {
      keepTimes: true,
      verify: true,
      onProgress: (progress) => seen.push(progress),
    });
    assert.deepEqual(folder.get("big"), bytes);
    assert.equal(moved.bytes, bytes.length);
    assert.equal(moved.connections, 4);
    assert.deepEqual(moved.verified, { by: "size", equal: true, remote: bytes.length, local: bytes.length });
    assert.equal(statSync(folder.at("big")).mtimeMs, 1e12);
    assert.equal(folder.has("big.part") || folder.has("big.part.segments"), false);
    const { path, total, done, eta } = seen.at(-1) as Progress;
    assert.deepEqual({ path, total, done, eta }, { path: "big", total: bytes.length, done: true, eta: 0 });
    assert.ok(seen.every((progress, n) => n === 0 || progress.bytes >= (seen[n - 1] as Progress).bytes));
  });

  test("of an empty file, and of one too small for two connections", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    for (const length of [0, 1, 200_000]) {
      const bytes = someBytes(length);
      await server.files.put("/small", bytes);
      const { connections } = await downloadSegments(pool, "small", folder.at("small"));
      assert.deepEqual(folder.get("small"), bytes);
      assert.ok(connections <= 1);
    }
  });

  test("of a size that no file can have leaves nothing behind, and nothing open", async () => {
    const size = `213 ${Number.MAX_SAFE_INTEGER}`;
    await using server = await ScriptedServer.start(
      new OneFile(someBytes(1)).script(undefined, { SIZE: size }),
    );
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    const failure = { code: "ERR_FERRY_FTP_LOCAL" };
    await assert.rejects(downloadSegments(pool, "big", folder.at("big")), failure);
    assert.deepEqual(readdirSync(folder.path), []);
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    assert.deepEqual(
      open.filter((path) => path.startsWith(folder.path)),
      [],
    );
  });

  test("goes on where it was broken off, and fetches nothing twice", async () => {
    const file = new OneFile(someBytes(8 * MEGABYTE));
    await using server = await ScriptedServer.start(file.script());
    using folder = new LocalFolder();
    {
      await using pool = poolFor(server, { connections: 2, rate: 8 * MEGABYTE });
      const stop = new AbortController();
      const running = downloadSegments(pool, "f", folder.at("f"), {
        signal: stop.signal,
        onProgress: ({ bytes }) => bytes > 3 * MEGABYTE && stop.abort(),
      });
      await assert.rejects(running, { name: "AbortError" });
    }
    assert.equal(folder.has("f"), false);
    assert.equal(statSync(folder.at("f.part")).size, 8 * MEGABYTE);
    file.starts.length = 0;
    await using pool = poolFor(server, { connections: 2 });
    const { start, bytes } = await downloadSegments(pool, "f", folder.at("f"));
    assert.deepEqual(folder.get("f"), file.content);
    assert.ok(start > 3 * MEGABYTE, `${start} bytes were there`);
    assert.equal(start + bytes, 8 * MEGABYTE);
    assert.ok(!file.starts.includes(0));
  });

  for (const [what, change] of [
    ["time", { modified: "20240101000001", longer: "" }],
    ["size", { modified: "20240101000000", longer: "x" }],
  ] as const) {
    test(`begins anew when the ${what} of the file has changed`, async () => {
      const file = new OneFile(someBytes(4 * MEGABYTE));
      await using server = await ScriptedServer.start(file.script());
      using folder = new LocalFolder();
      await breakOff(server, folder);
      file.modified = change.modified;
      file.content = Buffer.from(`${file.content.toString("latin1")}${change.longer}`, "latin1").reverse();
      await using pool = poolFor(server, { connections: 2 });
      const { start } = await downloadSegments(pool, "f", folder.at("f"));
      assert.equal(start, 0);
      assert.deepEqual(folder.get("f"), file.content);
    });
  }

  for (const [name, spoil] of [
    ["is no JSON", (journal: string) => writeFileSync(journal, '{"ferry":')],
    ["names bytes beyond the end", (journal: string) => spoiled(journal, [[0, 99_999_999]])],
    ["has ranges that are none", (journal: string) => spoiled(journal, [[5, 1]])],
    ["has a part of another length", (journal: string) => truncateSync(journal.replace(".segments", ""), 5)],
  ] as const) {
    test(`begins anew when the journal ${name}`, async () => {
      const file = new OneFile(someBytes(2 * MEGABYTE));
      await using server = await ScriptedServer.start(file.script());
      using folder = new LocalFolder();
      await breakOff(server, folder);
      spoil(folder.at("f.part.segments"));
      await using pool = poolFor(server, { connections: 2 });
      assert.equal((await downloadSegments(pool, "f", folder.at("f"))).start, 0);
      assert.deepEqual(folder.get("f"), file.content);
    });
  }

  test("writes through no link where its journal or its part is to be", async () => {
    const file = new OneFile(someBytes(3 * MEGABYTE));
    await using server = await ScriptedServer.start(file.script());
    await using pool = poolFor(server, { connections: 2, timeouts: FAST });
    using folder = new LocalFolder();
    for (const ending of [".part", ".part.segments", ".part.segments.new"]) {
      folder.put("mine", "untouched");
      symlinkSync(folder.at("mine"), folder.at(`big${ending}`));
      await downloadSegments(pool, "big", folder.at("big"));
      assert.equal(String(folder.get("mine")), "untouched", ending);
      assert.deepEqual(folder.get("big"), file.content);
      assert.deepEqual(readdirSync(folder.path).sort(), ["big", "mine"]);
    }
  });

  test("leaves no part that an ordinary download would take for a beginning", async () => {
    const file = new OneFile(someBytes(2 * MEGABYTE));
    await using server = await ScriptedServer.start(file.script());
    using folder = new LocalFolder();
    await breakOff(server, folder);
    await using pool = poolFor(server);
    const { start } = await pool.run((client) => client.download("f", folder.at("f"), { resume: true }));
    assert.equal(start, 0);
    assert.deepEqual(folder.get("f"), file.content);
    assert.equal(folder.has("f.part.segments"), false);
  });

  test("tries a range again on another connection when one breaks", async () => {
    let broken = 0;
    const file = new OneFile(someBytes(6 * MEGABYTE), async (peer, start, n) => {
      if (n % 2 === 0 || broken >= 3) return false;
      broken++;
      peer.reply("150 Here it comes.");
      const socket = await peer.data();
      socket.write(file.content.subarray(start, start + 100_000));
      await peer.flood(file.content.subarray(start + 100_000, start + 150_000), socket);
      socket.resetAndDestroy();
      await peer.reset();
      return true;
    });
    await using server = await ScriptedServer.start(file.script());
    await using pool = poolFor(server, { connections: 3, timeouts: FAST });
    using folder = new LocalFolder();
    await downloadSegments(pool, "f", folder.at("f"));
    assert.deepEqual(folder.get("f"), file.content);
    assert.equal(broken, 3);
  });

  test("goes on with fewer connections when the server has enough of them (421)", async () => {
    let sessions = 0;
    const file = new OneFile(someBytes(4 * MEGABYTE));
    await using server = await ScriptedServer.start({
      ...file.script(),
      greeting: (peer) => {
        if (++sessions > 2) peer.reply("421 Too many.");
        else peer.reply("220 Ready.");
      },
    });
    await using pool = poolFor(server, { connections: 6 });
    using folder = new LocalFolder();
    const { connections } = await downloadSegments(pool, "f", folder.at("f"));
    assert.deepEqual(folder.get("f"), file.content);
    assert.equal(connections, 2);
    assert.equal(pool.limit, 2);
  });

  test("takes bytes from a connection that is slower than the others", async () => {
    // The first transfer trickles until the others are done.
    let release: () => void = () => {};
    const others = new Promise<void>((resolve) => {
      release = resolve;
    });
    const file = new OneFile(someBytes(8 * MEGABYTE), async (peer, start, n) => {
      if (n !== 1) return false;
      peer.reply("150 Here it comes.");
      const socket = await peer.data();
      socket.write(file.content.subarray(start, start + 1000));
      await Promise.race([others, new Promise((resolve) => socket.once("close", resolve))]);
      const rest = file.content.subarray(start + 1000);
      socket.end(rest);
      await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve)));
      peer.reply("226 Done.");
      return true;
    });
    await using server = await ScriptedServer.start(file.script());
    await using pool = poolFor(server, { connections: 2 });
    using folder = new LocalFolder();
    await downloadSegments(pool, "f", folder.at("f"), {
      // All but what the slow one cannot be relieved of.
      onProgress: ({ bytes }) => bytes > 7 * MEGABYTE && release(),
    });
    assert.deepEqual(folder.get("f"), file.content);
    const stolen = file.starts.filter((start) => start > 0 && start < 4 * MEGABYTE);
    assert.ok(stolen.length > 0, `others began at ${file.starts}`);
  });

  test("fetches no more than its range where the server has RANG", async () => {
    const ranges: string[] = [];
    const file = new OneFile(someBytes(4 * MEGABYTE));
    const marks = new WeakMap<ScriptedPeer, readonly [number, number]>();
    await using server = await ScriptedServer.start(
      file.script(["REST STREAM", "RANG STREAM"], {
        RANG: (peer, argument) => {
          ranges.push(argument);
          const [from = 0, to = 0] = argument.split(" ").map(Number);
          marks.set(peer, [from, to + 1]);
          peer.reply("350 Go on.");
        },
        RETR: async (peer) => {
          const [from, to] = marks.get(peer) ?? [0, file.content.length];
          await file.send(peer, from, to);
        },
      }),
    );
    await using pool = poolFor(server, { connections: 2 });
    using folder = new LocalFolder();
    await downloadSegments(pool, "f", folder.at("f"));
    assert.deepEqual(folder.get("f"), file.content);
    assert.ok(ranges.length >= 2);
    assert.equal(server.verbs.includes("ABOR"), ranges.length > 2);
  });

  for (const [name, answers] of [
    ["cannot begin in the middle", { REST: "502 No." }],
    ["does not tell its size", { SIZE: "502 No." }],
  ] as const) {
    test(`uses one connection where the server ${name}`, async () => {
      const file = new OneFile(someBytes(2 * MEGABYTE));
      await using server = await ScriptedServer.start(file.script([], answers));
      await using pool = poolFor(server, { connections: 3 });
      using folder = new LocalFolder();
      const { connections } = await downloadSegments(pool, "f", folder.at("f"), { keepTimes: true });
      assert.equal(connections, 1);
      assert.deepEqual(folder.get("f"), file.content);
      assert.equal(statSync(folder.at("f")).mtimeMs, Date.UTC(2024, 0, 1));
    });
  }

  test("is refused when the file is another one by the end, and nothing of it is kept", async () => {
    const file = new OneFile(someBytes(2 * MEGABYTE), () => {
      file.modified = "20250101000000";
      return false;
    });
    await using server = await ScriptedServer.start(file.script());
    await using pool = poolFor(server, { connections: 2 });
    using folder = new LocalFolder();
    await assert.rejects(downloadSegments(pool, "f", folder.at("f")), {
      code: "ERR_FERRY_FTP_VERIFY",
      retryable: true,
    });
    assert.ok(["f", "f.part", "f.part.segments"].every((name) => !folder.has(name)));
  });

  test("fails as the server does when there is no such file", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    await assert.rejects(downloadSegments(pool, "nothing", folder.at("f")), {
      code: "ERR_FERRY_FTP_NOT_FOUND",
    });
    assert.equal(folder.has("f.part"), false);
  });

  test("gives up when every connection fails, and what came stays for the next time", async () => {
    const file = new OneFile(someBytes(2 * MEGABYTE), (peer) => {
      peer.reply("451 Not now.");
      return true;
    });
    await using server = await ScriptedServer.start(file.script());
    await using pool = poolFor(server, { connections: 2 });
    using folder = new LocalFolder();
    await assert.rejects(downloadSegments(pool, "f", folder.at("f"), { retries: 1 }), {
      code: "ERR_FERRY_FTP_REPLY",
    });
    assert.ok(folder.has("f.part.segments"));
  });
});

function spoiled(journal: string, done: readonly (readonly number[])[]): void {
  const said = JSON.parse(readFileSync(journal, "utf8")) as Record<string, unknown>;
  writeFileSync(journal, JSON.stringify({ ...said, done }));
}

/** A download that was stopped when some bytes were there. */
async function breakOff(server: ScriptedServer, folder: LocalFolder): Promise<void> {
  await using pool = poolFor(server, { connections: 2, rate: 4 * MEGABYTE });
  const stop = new AbortController();
  const running = downloadSegments(pool, "f", folder.at("f"), {
    signal: stop.signal,
    onProgress: ({ bytes }) => bytes > 100_000 && stop.abort(),
  });
  await assert.rejects(running, { name: "AbortError" });
  assert.ok(folder.has("f.part"));
  const { done } = JSON.parse(readFileSync(folder.at("f.part.segments"), "utf8")) as { done: unknown[] };
  assert.ok(done.length > 0);
}

/** Several sessions at once, and folders made alike, against Ferry's own server. */
import assert from "node:assert/strict";
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { FtpClient, FtpPool, type MirrorAction, mirror, type TotalProgress } from "ferry/client";
import { ScriptedServer } from "ferry/testing";
import { LocalFolder, sha256, someBytes } from "./support/files.js";
import { poolFor } from "./support/pool.js";
import { optionsFor, type ServeOptions, TestServer } from "./support/server.js";

const limits = (sessionsPerAddress: number): ServeOptions => ({ server: { limits: { sessionsPerAddress } } });

/** Files below, with their contents as text. */
function contents(root: string, path = ""): Record<string, string> {
  return Object.assign(
    {},
    ...readdirSync(join(root, path), { withFileTypes: true }).map((entry) => {
      const child = join(path, entry.name);
      return entry.isDirectory()
        ? contents(root, child)
        : { [child]: String(readFileSync(join(root, child))) };
    }),
  );
}

function brief(actions: readonly MirrorAction[]): string[] {
  return actions.map(({ kind, path, reason, error }) => `${kind} ${path} (${error?.name ?? reason})`).sort();
}

describe("a pool", () => {
  test("works on several sessions at once, and keeps them", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 3 });
    const bytes = someBytes(100_000);
    await Promise.all(
      Array.from({ length: 12 }, (_, n) => pool.run((client) => client.upload(bytes, `f${n}`))),
    );
    assert.equal(pool.size, 3);
    const read = await Promise.all(
      Array.from({ length: 12 }, (_, n) => pool.run((client) => client.readFile(`f${n}`))),
    );
    assert.ok(read.every((found) => found.equals(bytes)));
    assert.equal(server.verbs.filter((verb) => verb === "USER").length, 3);
  });

  test("keeps to one rate for all of its transfers together", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 4, rate: 200_000 });
    const began = performance.now();
    const bytes = someBytes(60_000);
    await Promise.all(["a", "b", "c", "d"].map((name) => pool.run((client) => client.upload(bytes, name))));
    // 240 kB; each at this rate by itself would be done after a third of a second.
    assert.ok(performance.now() - began > 700);
  });

  test("goes on with fewer when the server has enough of them", async () => {
    await using server = await TestServer.start(limits(2));
    await using pool = new FtpPool({ ...optionsFor(server), connections: 6 });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => pool.run((client) => client.upload(Buffer.from(`${n}`), `f${n}`))),
    );
    assert.equal(pool.size, 2);
    assert.equal(pool.limit, 2);
    assert.equal((await server.files.names("/")).length, 20);
  });

  test("says so when there is no session to be had", async () => {
    await using server = await ScriptedServer.start({ greeting: "421 Full." });
    await using pool = new FtpPool({ host: server.host, port: server.port });
    await assert.rejects(
      pool.run((client) => client.size("f")),
      { code: "ERR_FERRY_FTP_CONNECTION" },
    );
  });

  test("gives up waiting when told to, and nobody else's turn is lost", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 1 });
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = pool.run(() => held);
    const stop = new AbortController();
    const second = pool.run(() => 2, { signal: stop.signal });
    const third = pool.run(() => 3);
    stop.abort();
    await assert.rejects(second, { code: "ERR_FERRY_FTP_ABORTED" });
    release();
    await first;
    assert.equal(await third, 3);
  });
});

describe("mirroring", () => {
  test("down: what is missing, newer or of another size comes; the rest stays", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 3 });
    using folder = new LocalFolder();
    await server.files.makeDirectory("/site");
    await server.files.makeDirectory("/site/deep");
    await server.files.makeDirectory("/site/empty");
    for (const path of ["/site/a", "/site/b", "/site/deep/c", "/site/deep/.d"])
      await server.files.put(path, path);
    const o = { direction: "download", remote: "site", local: folder.at("copy") } as const;

    const planned = await mirror(pool, { ...o, dryRun: true });
    assert.equal(existsSync(folder.at("copy")), false, "a dry run does nothing");
    const first = await mirror(pool, o);
    assert.deepEqual(brief(first.actions), brief(planned.actions));
    assert.equal(first.failed, 0);
    assert.equal(first.bytes, planned.bytes);
    assert.deepEqual(contents(o.local), {
      a: "/site/a",
      b: "/site/b",
      "deep/c": "/site/deep/c",
      "deep/.d": "/site/deep/.d",
    });
    assert.ok(statSync(join(o.local, "empty")).isDirectory());
    assert.deepEqual((await mirror(pool, o)).actions, [], "times are kept, so nothing is newer");

    await server.files.put("/site/a", "longer than before");
    await pool.run((client) => client.setTimes("site/b", { modified: Date.now() + 60_000 }));
    writeFileSync(join(o.local, "extra"), "mine");
    assert.deepEqual(brief((await mirror(pool, o)).actions), ["transfer a (size)", "transfer b (newer)"]);
    assert.ok(existsSync(join(o.local, "extra")));
    const last = await mirror(pool, { ...o, delete: true, exclude: ["deep"] });
    assert.deepEqual(brief(last.actions), ["remove extra (extra)"]);
    assert.ok(existsSync(join(o.local, "deep", "c")), "what is excluded is not removed");
  });

  test("up: with patterns, deletion, and times", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), connections: 3 });
    using folder = new LocalFolder();
    mkdirSync(folder.at("sub"));
    for (const name of ["index.html", "style.css", "notes.tmp", "sub/page.html"]) folder.put(name, name);
    utimesSync(folder.at("index.html"), 1e9, 1e9);
    const o = { direction: "upload", remote: "/www/site", local: folder.path, exclude: ["*.tmp"] } as const;
    const totals: TotalProgress[] = [];
    const first = await mirror(pool, { ...o, onTotal: (total) => totals.push(total) });
    const { files, bytes, total, eta } = totals.at(-1) as TotalProgress;
    assert.deepEqual(
      { files, bytes, total, eta },
      { files: { done: 3, total: 3 }, bytes: 32, total: 32, eta: 0 },
    );
    assert.equal(first.failed, 0);
    assert.deepEqual(brief(first.actions), [
      "make-directory sub (missing)",
      "transfer index.html (missing)",
      "transfer style.css (missing)",
      "transfer sub/page.html (missing)",
    ]);
    assert.equal(String(await server.files.get("/www/site/sub/page.html")), "sub/page.html");
    assert.equal(await pool.run((client) => client.modified("/www/site/index.html")), 1e12);
    assert.deepEqual((await mirror(pool, o)).actions, []);

    await server.files.put("/www/site/old", "old");
    await server.files.makeDirectory("/www/site/gone");
    await server.files.put("/www/site/gone/f", "f");
    const cleaned = await mirror(pool, { ...o, delete: true });
    assert.deepEqual(brief(cleaned.actions), [
      "remove gone/f (extra)",
      "remove old (extra)",
      "remove-directory gone (extra)",
    ]);
    assert.deepEqual(await server.files.names("/www/site"), ["index.html", "style.css", "sub"]);
  });

  test("by digest: of files that are alike in size and time, those move that differ", async () => {
    const there: Readonly<Record<string, string>> = { "/same": "12345", "/other": "abcde" };
    const facts = "type=file;size=5;modify=20240101000000;";
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;modify*;", " UTF8", " XSHA256", "211 End"],
        MLSD: (peer) => peer.sendFile(`${facts} same\r\n${facts} other\r\n`),
        MLST: (peer) => {
          for (const line of ["250-Here:", " type=dir; /", "250 End"]) peer.reply(line);
        },
        XSHA256: (peer, path) => peer.reply(`250 ${sha256(Buffer.from(there[path] ?? ""))}`),
        RETR: (peer, path) => peer.sendFile(there[path] ?? ""),
      },
    });
    using folder = new LocalFolder();
    await using pool = poolFor(server);
    for (const name of ["same", "other"]) {
      utimesSync(folder.put(name, "12345"), Date.UTC(2024, 0) / 1000, Date.UTC(2024, 0) / 1000);
    }
    const o = { direction: "download", remote: "/", local: folder.path } as const;
    assert.deepEqual((await mirror(pool, o)).actions, [], "they look the same");
    const { actions } = await mirror(pool, { ...o, compare: "hash" });
    assert.deepEqual(brief(actions), ["transfer other (hash)"]);
    assert.deepEqual(
      ["same", "other"].map((name) => String(folder.get(name))),
      ["12345", "abcde"],
    );
  });

  test("links here are left out or followed, but never in a circle", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool(optionsFor(server));
    using folder = new LocalFolder();
    folder.put("real", "content");
    symlinkSync("real", folder.at("link"));
    symlinkSync("nowhere", folder.at("dangling"));
    mkdirSync(folder.at("dir"));
    symlinkSync("..", folder.at("dir/up"));
    const o = { direction: "upload", remote: "a", local: folder.path } as const;
    assert.deepEqual(brief((await mirror(pool, o)).actions), [
      "make-directory dir (missing)",
      "transfer real (missing)",
    ]);
    const followed = await mirror(pool, { ...o, symlinks: "follow" });
    assert.ok(followed.actions.length < 20, "the circle is left");
    assert.equal(followed.failed, 0);
    assert.equal(String(await server.files.get("/a/link")), "content");
  });

  test("a link here that stands for a directory of the server leads nowhere", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool(optionsFor(server));
    using folder = new LocalFolder();
    using outside = new LocalFolder();
    await server.files.makeDirectory("/d");
    await server.files.put("/d/f", "content");
    symlinkSync(outside.path, folder.at("d"));
    const result = await mirror(pool, { direction: "download", remote: "/", local: folder.path });
    assert.equal(result.failed, 2);
    assert.deepEqual(readdirSync(outside.path), []);
  });

  test("what fails is told, and the rest is done; a reset is tried again where it broke", async () => {
    let tries = 0;
    const starts: string[] = [];
    const content = "0123456789".repeat(10_000);
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;modify*;", " REST STREAM", "211 End"],
        MLSD: (peer) =>
          peer.sendFile(
            ["good", "denied"].map((n) => `type=file;size=100000;modify=20240101000000; ${n}\r\n`).join(""),
          ),
        SIZE: "213 100000",
        MDTM: "213 20240101000000",
        REST: (peer, start) => {
          starts.push(start);
          peer.reply("350 Go on.");
        },
        RETR: async (peer, name) => {
          if (name.endsWith("denied")) return peer.reply("550 Permission denied.");
          if (++tries > 1) return await peer.sendFile(content.slice(Number(starts.at(-1))));
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          socket.end(content.slice(0, 60_000));
          await new Promise((resolve) => socket.once("close", resolve));
          peer.reply("426 It broke.");
        },
      },
    });
    await using pool = new FtpPool({ host: server.host, port: server.port, connections: 1 });
    using folder = new LocalFolder();
    const result = await mirror(pool, { direction: "download", remote: "/", local: folder.path });
    assert.deepEqual(brief(result.actions), ["transfer denied (FtpReplyError)", "transfer good (missing)"]);
    assert.equal(String(folder.get("good")), content);
    assert.deepEqual(starts, ["60000"]);
    assert.equal(statSync(folder.at("good")).mtimeMs, Date.UTC(2024, 0, 1));
  });

  test("ends with the file system's error when nothing can be written here any more", async (t) => {
    await using server = await TestServer.start({ storage: "memory" });
    await using pool = poolFor(server, { connections: 1 });
    using folder = new LocalFolder();
    for (const name of ["a", "b", "c"]) await server.files.put(`/${name}`, "1");
    const cause = Object.assign(new Error("EDQUOT: write"), { code: "EDQUOT" });
    const full = t.mock.method(fs, "writeSync", () => {
      throw cause;
    });
    syncBuiltinESMExports();
    const told: MirrorAction[] = [];
    const o = { direction: "download", remote: "/", local: folder.path } as const;
    try {
      await assert.rejects(mirror(pool, { ...o, onAction: (action) => told.push(action) }), {
        name: "FtpLocalError",
        cause,
      });
    } finally {
      full.mock.restore();
      syncBuiltinESMExports();
    }
    assert.equal(full.mock.callCount(), 1);
    assert.deepEqual(told, []);
    assert.equal((await mirror(pool, o)).failed, 0);
  });

  test("stops when told to", async () => {
    await using server = await TestServer.start();
    await using pool = new FtpPool({ ...optionsFor(server), rate: 100_000 });
    using folder = new LocalFolder();
    await server.files.put("/f", someBytes(5_000_000));
    const stop = new AbortController();
    const running = mirror(pool, {
      direction: "download",
      remote: "/",
      local: folder.path,
      signal: stop.signal,
      onProgress: ({ bytes }) => bytes > 0 && stop.abort(),
    });
    await assert.rejects(running, { name: "AbortError" });
    assert.equal(folder.has("f"), false);
    assert.ok(await pool.run((client) => client instanceof FtpClient && client.exists("f")));
  });
});

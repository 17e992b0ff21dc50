/** What a mirror never does: lead out of its folder, or remove what it does not know to be superfluous. */
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type MirrorAction, mirror } from "ferry/client";
import { leakCheck, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { LocalFolder } from "./support/files.js";
import { poolFor } from "./support/pool.js";
import { TestServer } from "./support/server.js";

leakCheck();

function brief(actions: readonly MirrorAction[]): string[] {
  return actions
    .map(
      ({ kind, path, reason, error }) =>
        `${kind} ${path} (${reason}${error === undefined ? "" : ", failed"})`,
    )
    .sort();
}

/** A server that lists what it is told to, by directory, and whose files hold their own path. */
function lists(listings: Readonly<Record<string, readonly string[] | string>>, mlsd = true): Script {
  const list = async (peer: ScriptedPeer, argument: string): Promise<void> => {
    const directory = argument.replace(/^-a ?/, "").replace(/^\/$/, "") || "/";
    const found = listings[directory];
    if (found === undefined) peer.reply("550 No such directory.");
    else if (typeof found === "string") peer.reply(found);
    else await peer.sendFile(found.map((line) => `${line}\r\n`).join(""));
  };
  return {
    answers: {
      FEAT: ["211-Features:", ...(mlsd ? [" MLST type*;size*;modify*;"] : []), " UTF8", "211 End"],
      MLSD: list,
      LIST: list,
      MLST: (peer, path) => {
        if (listings[path] === undefined) return peer.reply("550 No.");
        for (const line of ["250-Here:", ` type=dir; ${path}`, "250 End"]) peer.reply(line);
      },
      SIZE: (peer, path) => peer.reply(path.endsWith("dir") ? "550 No file." : "213 1"),
      MDTM: "213 20240101000000",
      RETR: (peer, path) => peer.sendFile(path),
      DELE: "250 Gone.",
      RMD: "250 Gone.",
      MKD: '257 "made"',
      STOR: async (peer) => void (await peer.receiveFile()),
    },
  };
}

const file = (name: string, facts = "") => `type=file;size=1;modify=20240101000000;${facts} ${name}`;
const directory = (name: string) => `type=dir;modify=20240101000000; ${name}`;
const link = (name: string, target: string) => `type=OS.unix=slink:${target};modify=20240101000000; ${name}`;

describe("names that a server tells", () => {
  const EVIL = ["..", "../up", "/etc/passwd", "a/b", "sub/../../up", ".", "a\0b"];

  for (const [dialect, line] of [
    ["MLSD", (name: string) => file(name)],
    ["LIST of Unix", (name: string) => `-rw-r--r-- 1 o g 1 Jan 01 2024 ${name}`],
    ["LIST of DOS", (name: string) => `01-01-24  12:00AM  1 ${name}`],
    ["EPLF", (name: string) => `+i1.1,m825718503,r,s1,\t${name}`],
  ] as const) {
    test(`lead nowhere in a whole mirror, in ${dialect}, and are told`, async () => {
      const mlsd = dialect === "MLSD";
      await using server = await ScriptedServer.start(lists({ "/": [...EVIL, "good"].map(line) }, mlsd));
      await using pool = poolFor(server);
      using folder = new LocalFolder();
      const into = folder.at("in/here");
      const { actions, failed } = await mirror(pool, { direction: "download", remote: "/", local: into });
      assert.deepEqual(readdirSync(into), ["good"]);
      assert.deepEqual(readdirSync(folder.path), ["in"]);
      assert.deepEqual(readdirSync(folder.at("in")), ["here"]);
      assert.ok(failed >= 4, brief(actions).join("\n"));
      assert.ok(actions.every(({ reason, error }) => reason === "missing" || error !== undefined));
    });
  }

  test("with bytes that are no text are told, and none of them takes the other's place", async () => {
    const listing = Buffer.concat([
      Buffer.from("type=file;size=1; x"),
      Buffer.from([0xff]),
      Buffer.from("\r\n"),
    ]);
    await using server = await ScriptedServer.start({
      ...lists({}),
      answers: { ...lists({}).answers, MLSD: (peer) => peer.sendFile(listing) },
    });
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    const { actions } = await mirror(pool, { direction: "download", remote: "/", local: folder.path });
    assert.deepEqual(brief(actions), ["list x\uFFFD (name, failed)"]);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  test("a file that is called like the unfinished one of another is not lost in it", async () => {
    await using server = await ScriptedServer.start(lists({ "/": [file("f"), file("f.part")] }));
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    const { actions } = await mirror(pool, { direction: "download", remote: "/", local: folder.path });
    assert.deepEqual(brief(actions), ["transfer f (missing)", "transfer f.part (collision, failed)"]);
  });
});

describe("links of the server", () => {
  const LISTINGS = {
    "/": [directory("dir"), file("f")],
    "/dir": [
      link("up", ".."),
      link("file", "../f"),
      link("out", "../../etc/passwd"),
      link("absolute", "/etc/passwd"),
      link("winding", "file/../../../x"),
    ],
  };

  test("are left out unless asked for", async () => {
    await using server = await ScriptedServer.start(lists(LISTINGS));
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    const o = { direction: "download", remote: "/", local: folder.path } as const;
    assert.deepEqual(brief((await mirror(pool, o)).actions), [
      "make-directory dir (missing)",
      "transfer f (missing)",
    ]);
  });

  test("are made here too when they are to be copied, those that lead out are not", async () => {
    await using server = await ScriptedServer.start({
      ...lists({ "/root": LISTINGS["/"], "/root/dir": [...LISTINGS["/dir"], link("full", "/root/f")] }),
    });
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    const o = { direction: "download", remote: "/root", local: folder.path, symlinks: "copy" } as const;
    const { actions } = await mirror(pool, { ...o, delete: true });
    assert.deepEqual(
      brief(actions).filter((line) => line.startsWith("link")),
      [
        "link dir/absolute (missing, failed)",
        "link dir/file (missing)",
        "link dir/full (missing)",
        "link dir/out (missing, failed)",
        "link dir/up (missing)",
        "link dir/winding (missing, failed)",
      ],
    );
    assert.deepEqual(
      ["up", "file", "full"].map((name) => readlinkSync(folder.at(`dir/${name}`))),
      ["..", "../f", "../f"],
    );
    const again = (await mirror(pool, o)).actions.filter(
      ({ kind, error }) => kind === "link" && error === undefined,
    );
    assert.deepEqual(again, [], "links that are right stay");
  });

  test("count as what they lead to when they are followed, but never in a circle", async () => {
    await using server = await TestServer.start();
    await server.files.makeDirectory("/a");
    await server.files.put("/a/f", "content");
    await using pool = poolFor(server);
    await pool.run(async (client) => {
      for (const [target, path] of [
        ["..", "a/up"],
        ["f", "a/link"],
        [".", "a/self"],
        ["../a", "a/again"],
        ["a", "b"],
        ["nowhere", "dangling"],
      ]) {
        assert.equal((await client.send(`SITE SYMLINK ${target} ${path}`)).code, 200);
      }
    });
    using folder = new LocalFolder();
    const o = { direction: "download", remote: "/", local: folder.path, symlinks: "follow" } as const;
    const { failed } = await mirror(pool, o);
    assert.equal(failed, 0);
    const seen = readdirSync(folder.path, { recursive: true, encoding: "utf8" }).sort();
    assert.deepEqual(seen, ["a", "a/f", "a/link", "b", "b/f", "b/link"]);
    assert.equal(String(folder.get("b/link")), "content");
  });
});

describe("what stands in the way", () => {
  test("a file where a directory should be, and the other way round, is told, or replaced with delete", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    await server.files.makeDirectory("/x");
    await server.files.put("/x/f", "f");
    await server.files.put("/y", "y");
    folder.put("x", "a file");
    mkdirSync(folder.at("y/deep"), { recursive: true });
    writeFileSync(folder.at("y/deep/f"), "f");
    const o = { direction: "download", remote: "/", local: folder.path } as const;
    const refused = await mirror(pool, o);
    assert.deepEqual(brief(refused.actions), [
      "make-directory x (type, failed)",
      "transfer x/f (missing, failed)",
      "transfer y (type, failed)",
    ]);
    assert.equal(String(folder.get("x")), "a file");
    assert.match(String(refused.actions[0]?.error?.message), /`delete` replaces it/);
    const replaced = await mirror(pool, { ...o, delete: true });
    assert.equal(replaced.failed, 0, brief(replaced.actions).join("\n"));
    assert.equal(String(folder.get("x/f")), "f");
    assert.equal(String(folder.get("y")), "y");

    writeFileSync(folder.at("y"), "longer");
    const up = { direction: "upload", remote: "/copy", local: folder.path } as const;
    await server.files.makeDirectory("/copy");
    await server.files.put("/copy/x", "a file");
    await server.files.makeDirectory("/copy/y");
    await server.files.put("/copy/y/f", "f");
    assert.equal((await mirror(pool, up)).failed, 3);
    assert.equal((await mirror(pool, { ...up, delete: true })).failed, 0);
    assert.equal(String(await server.files.get("/copy/y")), "longer");
    assert.equal(String(await server.files.get("/copy/x/f")), "f");
  });

  test("a link here is replaced by name, and never written through", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    using outside = new LocalFolder();
    outside.put("target", "mine");
    await server.files.put("/f", "theirs");
    await server.files.makeDirectory("/d");
    await server.files.put("/d/f", "theirs");
    symlinkSync(outside.at("target"), folder.at("f"));
    symlinkSync(outside.path, folder.at("d"));
    const o = { direction: "download", remote: "/", local: folder.path, delete: true } as const;
    assert.equal((await mirror(pool, o)).failed, 0);
    assert.equal(String(outside.get("target")), "mine");
    assert.deepEqual(readdirSync(outside.path), ["target"]);
    assert.ok(lstatSync(folder.at("f")).isFile());
    assert.equal(String(folder.get("d/f")), "theirs");
  });
});

describe("removing", () => {
  test("nothing when the folder to be mirrored is not there", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    await server.files.makeDirectory("/d");
    await server.files.put("/d/precious", "f");
    folder.put("precious", "f");
    const common = { delete: true } as const;
    await assert.rejects(
      mirror(pool, { ...common, direction: "upload", remote: "/d", local: folder.at("nothing") }),
      { code: "ERR_FERRY_FTP_LOCAL" },
    );
    await assert.rejects(
      mirror(pool, { ...common, direction: "download", remote: "/nothing", local: folder.path }),
      { code: "ERR_FERRY_FTP_NOT_FOUND" },
    );
    assert.ok(folder.has("precious"));
    assert.deepEqual(await server.files.names("/d"), ["precious"]);
  });

  test("nothing when a server lists what is not there as empty", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        ...lists({ "/gone": [] }, false).answers,
        SIZE: "550 No.",
        CWD: "550 No.",
      },
    });
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    folder.put("precious", "f");
    await assert.rejects(
      mirror(pool, { direction: "download", remote: "/gone", local: folder.path, delete: true }),
      { code: "ERR_FERRY_FTP_NOT_FOUND" },
    );
    assert.ok(folder.has("precious"));
  });

  test("nothing below a folder of the source that could not be listed", async () => {
    await using server = await ScriptedServer.start(
      lists({ "/": [directory("secret"), file("f")], "/secret": "550 Permission denied." }),
    );
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    mkdirSync(folder.at("secret/deep"), { recursive: true });
    writeFileSync(folder.at("secret/deep/precious"), "mine");
    folder.put("extra", "");
    const { actions, postponed } = await mirror(pool, {
      direction: "download",
      remote: "/",
      local: folder.path,
      delete: true,
    });
    assert.deepEqual(brief(actions), ["list secret (unreadable, failed)", "transfer f (missing)"]);
    assert.ok(existsSync(folder.at("secret/deep/precious")));
    // And nothing else either: what failed may be there under its new name only.
    assert.deepEqual(brief(postponed), ["remove extra (extra)"]);
    assert.ok(folder.has("extra"));
  });

  test("nothing when a listing breaks off in the middle, however often it is tried", async () => {
    let listed = 0;
    await using server = await ScriptedServer.start({
      answers: {
        ...lists({}).answers,
        MLSD: async (peer) => {
          listed++;
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          socket.write(`${file("a")}\r\n`);
          socket.resetAndDestroy();
          peer.reply("426 It broke.");
        },
      },
    });
    await using pool = poolFor(server, { connections: 1 });
    using folder = new LocalFolder();
    folder.put("b", "mine");
    const o = { direction: "download", remote: "/", local: folder.path, delete: true } as const;
    await assert.rejects(mirror(pool, o), { retryable: true });
    assert.equal(listed, 3);
    assert.deepEqual(readdirSync(folder.path), ["b"]);
  });

  for (const [what, ours, theirs] of [
    ["upper and lower case", "Readme", "README"],
    ["two ways to write an accent", "caf\u00e9", "cafe\u0301"],
  ] as const) {
    const upload = async (after: readonly string[]) => {
      const listing: string[] = [theirs, "gone"].map((name) => file(name));
      const { answers } = lists({ "/": listing });
      await using server = await ScriptedServer.start({
        answers: {
          ...answers,
          STOR: async (peer) => {
            await peer.receiveFile();
            listing.splice(0, 1, ...after.map((name) => file(name)));
          },
        },
      });
      await using pool = poolFor(server);
      using folder = new LocalFolder();
      folder.put(ours, "x");
      const o = { direction: "upload", remote: "/", local: folder.path, delete: true } as const;
      const { actions } = await mirror(pool, o);
      const deleted = server.commands.filter((command) => command.startsWith("DELE"));
      return { deleted, told: brief(actions) };
    };

    test(`and not what it has just written, by a server that sees no difference: ${what}`, async () => {
      for (const after of [[theirs], [ours]]) {
        const { deleted, told } = await upload(after);
        assert.deepEqual(deleted, ["DELE /gone"]);
        assert.deepEqual(told, ["remove gone (extra)", `transfer ${ours} (missing)`]);
      }
    });

    test(`but what is another file there: ${what}`, async () => {
      const { deleted } = await upload([theirs, ours]);
      assert.deepEqual(deleted.sort(), [`DELE /${theirs}`, "DELE /gone"].sort());
    });
  }

  test("and no folder that holds what the patterns leave out: that is no failure", async () => {
    const listings = {
      "/": [directory("old")],
      "/old": [directory("in")],
      "/old/in": [file("a.tmp"), file("b")],
    };
    await using server = await ScriptedServer.start(lists(listings));
    await using empty = await ScriptedServer.start(lists({ "/": [] }));
    await using pool = poolFor(server);
    await using other = poolFor(empty);
    for (const patterns of [{ exclude: ["*.tmp"] }, { include: ["b"] }]) {
      using folder = new LocalFolder();
      const common = { remote: "/", local: folder.path, delete: true, ...patterns } as const;
      const up = await mirror(pool, { ...common, direction: "upload" });
      assert.deepEqual(brief(up.actions), ["remove old/in/b (extra)"]);
      mkdirSync(folder.at("old/in"), { recursive: true });
      for (const name of ["a.tmp", "b"]) folder.put(`old/in/${name}`, "");
      const down = await mirror(other, { ...common, direction: "download" });
      assert.deepEqual(brief(down.actions), ["remove old/in/b (extra)"]);
      assert.ok(existsSync(folder.at("old/in/a.tmp")));
    }
    assert.ok(!server.verbs.includes("RMD"));
  });

  test("nothing after a file has failed", async () => {
    await using server = await ScriptedServer.start({
      answers: { ...lists({ "/": [file("new")] }).answers, RETR: "550 No." },
    });
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    folder.put("old", "");
    const notices: string[] = [];
    const o = { direction: "download", remote: "/", local: folder.path, delete: true } as const;
    const { failed, postponed } = await mirror(pool, { ...o, onNotice: (text) => notices.push(text) });
    assert.deepEqual([failed, postponed.length, folder.has("old")], [1, 1, true]);
    assert.match(notices.join(), /nothing is removed/);
  });

  test("and nothing that the patterns leave out, or that is being downloaded", async () => {
    await using server = await ScriptedServer.start(lists({ "/": [file("f")] }));
    await using pool = poolFor(server);
    using folder = new LocalFolder();
    for (const name of ["f.part", "f.part.segments", "kept.tmp", "extra.part"]) folder.put(name, "");
    const o = { direction: "download", remote: "/", local: folder.path, delete: true } as const;
    const { actions } = await mirror(pool, { ...o, exclude: ["*.tmp"], dryRun: true });
    assert.deepEqual(brief(actions), ["remove extra.part (extra)", "transfer f (missing)"]);
    assert.ok(existsSync(join(folder.path, "extra.part")));
  });
});

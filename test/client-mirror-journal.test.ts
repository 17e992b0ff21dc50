/** Mirrors that are broken off, by a signal, a lost connection or the end of the process, and go on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { type FtpPool, type MirrorOptions, mirror } from "ferry/client";
import { type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { CuttingRelay } from "./support/cutting-relay.js";
import { LocalFolder, someBytes } from "./support/files.js";
import { poolFor } from "./support/pool.js";
import { projectFolder } from "./support/project.js";
import { PASSWORD, TestServer, USER } from "./support/server.js";

/** Runs a mirror, and stops it after so many actions. */
async function brokenOff(pool: FtpPool, o: MirrorOptions, after: number): Promise<void> {
  const stop = new AbortController();
  let done = 0;
  const running = mirror(pool, {
    ...o,
    signal: stop.signal,
    onAction: () => {
      if (++done === after) stop.abort();
    },
  });
  await assert.rejects(running, { name: "AbortError" });
}

async function tenFiles(server: TestServer): Promise<void> {
  await server.files.makeDirectory("/site");
  for (let n = 0; n < 10; n++) await server.files.put(`/site/f${n}`, `content of ${n}`);
}

interface Broken {
  readonly server: TestServer;
  readonly pool: FtpPool;
  readonly folder: LocalFolder;
  readonly journal: string;
  readonly o: MirrorOptions & { readonly journal: string };
}

/** A download of ten files that was stopped when three were there. */
async function afterThree(work: (broken: Broken) => Promise<void>): Promise<void> {
  await using server = await TestServer.start();
  await using pool = poolFor(server, { connections: 1 });
  using folder = new LocalFolder();
  using notes = new LocalFolder();
  await tenFiles(server);
  const journal = notes.at("journal");
  const o = { direction: "download", remote: "/site", local: folder.path, journal } as const;
  await brokenOff(pool, o, 3);
  await work({ server, pool, folder, journal, o });
}

describe("a mirror with a journal", () => {
  test("goes on where it was broken off, without listing or moving again what was done", async () =>
    afterThree(async ({ server, pool, folder, journal, o }) => {
      assert.ok(existsSync(journal));
      const before = server.verbs.length;
      const notices: string[] = [];
      const result = await mirror(pool, { ...o, onNotice: (text) => notices.push(text) });
      assert.deepEqual([result.failed, result.doneBefore, result.actions.length], [0, 3, 7]);
      const later = server.verbs.slice(before);
      assert.ok(!later.includes("MLSD") && !later.includes("LIST"));
      assert.equal(later.filter((verb) => verb === "RETR").length, 7);
      assert.deepEqual(notices, []);
      for (let n = 0; n < 10; n++) assert.equal(String(folder.get(`f${n}`)), `content of ${n}`);
      assert.equal(existsSync(journal), false, "a mirror that has ended needs none");
      assert.deepEqual((await mirror(pool, o)).actions, []);
    }));

  for (const [name, spoil, notice] of [
    ["that is no journal", (path: string) => writeFileSync(path, "hello\n"), /cannot be understood/],
    [
      "whose plan is not whole",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").split("\n").slice(0, 3).join("\n")),
      /while it was being planned/,
    ],
    [
      "that wants to write elsewhere",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace('"path":"f', '"path":"../f')),
      /cannot be understood/,
    ],
  ] as const) {
    test(`begins anew with a notice when it finds one ${name}`, async () =>
      afterThree(async ({ pool, folder, journal, o }) => {
        spoil(journal);
        const notices: string[] = [];
        const result = await mirror(pool, { ...o, onNotice: (text) => notices.push(text) });
        assert.deepEqual([result.failed, result.doneBefore], [0, 0]);
        assert.equal(notices.length, 1);
        assert.match(String(notices[0]), notice);
        assert.equal(String(folder.get("f9")), "content of 9");
      }));
  }

  for (const [name, other] of [
    ["another folder of the server", { remote: "/site/." }],
    ["other options", { delete: true }],
    ["other patterns", { exclude: ["f9"] }],
  ] as const) {
    test(`begins anew when the journal is of ${name}`, async () =>
      afterThree(async ({ pool, o }) => {
        const notices: string[] = [];
        const result = await mirror(pool, { ...o, ...other, onNotice: (text) => notices.push(text) });
        assert.equal(result.doneBefore, 0);
        assert.match(notices.join(), /of another mirror/);
      }));
  }

  test("does not believe a last line that was broken off", async () =>
    afterThree(async ({ pool, journal, o }) => {
      appendFileSync(journal, '{"done":');
      const result = await mirror(pool, o);
      assert.deepEqual([result.failed, result.doneBefore], [0, 3]);
    }));

  test("removes nothing by an old plan that the source has again by now", async () => {
    await using server = await TestServer.start();
    await using pool = poolFor(server, { connections: 1 });
    using folder = new LocalFolder();
    using notes = new LocalFolder();
    await tenFiles(server);
    for (const name of ["back", "gone"]) await server.files.put(`/site/${name}`, "old");
    folder.put("f", "f");
    const o = {
      direction: "upload",
      remote: "/site",
      local: folder.path,
      delete: true,
      journal: notes.at("journal"),
    } as const;
    await brokenOff(pool, o, 1);
    folder.put("back", "new");
    const { failed, doneBefore } = await mirror(pool, o);
    assert.deepEqual([failed, doneBefore], [0, 1]);
    assert.deepEqual(await server.files.names("/site"), ["back", "f"]);
  });

  test("outlives the end of the process (kill -9)", async () => {
    await using server = await TestServer.start();
    using folder = new LocalFolder();
    using notes = new LocalFolder();
    await tenFiles(server);
    for (let n = 0; n < 10; n++) await server.files.put(`/site/f${n}`, someBytes(200_000));
    const journal = notes.at("journal");
    const program = `
      import { FtpPool, mirror } from ${JSON.stringify(join(projectFolder, "dist", "client", "index.js"))};
      const pool = new FtpPool(${JSON.stringify({ host: server.host, port: server.port, user: USER, password: PASSWORD, connections: 1, rate: 2_000_000 })});
      await mirror(pool, { direction: "download", remote: "/site", local: ${JSON.stringify(folder.path)},
        journal: ${JSON.stringify(journal)}, onAction: ({ path }) => console.log(path) });`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let done = 0;
    for await (const _ of createInterface({ input: child.stdout })) if (++done === 3) child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, "SIGKILL");
    await using pool = poolFor(server, { connections: 1 });
    const before = server.verbs.length;
    const result = await mirror(pool, {
      direction: "download",
      remote: "/site",
      local: folder.path,
      journal,
    });
    assert.equal(result.failed, 0);
    assert.ok(result.doneBefore >= 3, `${result.doneBefore} done before`);
    assert.ok(!server.verbs.slice(before).includes("MLSD"));
    for (let n = 0; n < 10; n++) assert.deepEqual(folder.get(`f${n}`), await server.files.get(`/site/f${n}`));
  });

  test("goes on in the middle of a file, in both directions, when it is the same file", async () => {
    const bytes = someBytes(3_000_000);
    await using server = await TestServer.start();
    using folder = new LocalFolder();
    using notes = new LocalFolder();
    await server.files.makeDirectory("/d");
    await server.files.put("/d/f", bytes);
    const down = {
      direction: "download",
      remote: "/d",
      local: folder.at("d"),
      journal: notes.at("down"),
    } as const;
    mkdirSync(folder.at("up"));
    writeFileSync(folder.at("up/f"), bytes);
    const up = {
      direction: "upload",
      remote: "/up",
      local: folder.at("up"),
      journal: notes.at("up"),
    } as const;
    for (const o of [down, up]) {
      {
        await using slow = poolFor(server, { connections: 1, rate: 4_000_000 });
        const stop = new AbortController();
        const running = mirror(slow, {
          ...o,
          signal: stop.signal,
          onProgress: ({ bytes: moved }) => moved > 1_000_000 && stop.abort(),
        });
        await assert.rejects(running, { name: "AbortError" });
      }
      await using pool = poolFor(server, { connections: 1 });
      const starts: number[] = [];
      const { failed } = await mirror(pool, { ...o, onProgress: ({ start }) => starts.push(start) });
      assert.equal(failed, 0);
      assert.ok(Number(starts[0]) > 500_000, `${o.direction} began at ${starts[0]}`);
    }
    assert.deepEqual(folder.get("d/f"), bytes);
    assert.deepEqual(await server.files.get("/up/f"), bytes);
  });

  test("begins a file anew that has changed since", async () => {
    await using server = await TestServer.start();
    using folder = new LocalFolder();
    using notes = new LocalFolder();
    folder.put("f", someBytes(3_000_000));
    const o = { direction: "upload", remote: "/up", local: folder.path, journal: notes.at("up") } as const;
    {
      await using slow = poolFor(server, { connections: 1, rate: 4_000_000 });
      const stop = new AbortController();
      const onProgress = ({ bytes }: { readonly bytes: number }) => bytes > 1_000_000 && stop.abort();
      await assert.rejects(mirror(slow, { ...o, signal: stop.signal, onProgress }), { name: "AbortError" });
    }
    const changed = someBytes(3_000_000);
    folder.put("f", changed);
    utimesSync(folder.at("f"), 1e9, 1e9);
    await using pool = poolFor(server, { connections: 1 });
    const starts: number[] = [];
    assert.equal((await mirror(pool, { ...o, onProgress: ({ start }) => starts.push(start) })).failed, 0);
    assert.equal(starts[0], 0);
    assert.deepEqual(await server.files.get("/up/f"), changed);
  });
});

describe("an upload that broke", () => {
  test("is gone on with in the same mirror", async () => {
    await using server = await TestServer.start();
    await using relay = await CuttingRelay.start(server.port, 1_500_000);
    await using pool = poolFor({ host: "127.0.0.1", port: relay.port }, { connections: 1 });
    using folder = new LocalFolder();
    const bytes = someBytes(3_000_000);
    folder.put("f", bytes);
    // A reset takes what the server has not read yet, which on a busy machine may be everything.
    relay.beforeCut = async () => {
      await using other = poolFor(server, { connections: 1 });
      await other.run(async (client) => {
        while ((await client.size("/up/f")) === 0);
      });
    };
    const starts: number[] = [];
    const { failed } = await mirror(pool, {
      direction: "upload",
      remote: "/up",
      local: folder.path,
      onProgress: ({ start }) => {
        if (starts.at(-1) !== start) starts.push(start);
      },
    });
    assert.equal(failed, 0);
    assert.equal(relay.cuts, 1);
    assert.ok(Number(starts.at(-1)) > 0, `it began at ${starts}`);
    assert.deepEqual(await server.files.get("/up/f"), bytes);
  });

  test("is begun anew where the server shows the old file instead of what arrived", async () => {
    const bytes = someBytes(500_000);
    let stored: Buffer | undefined;
    let tries = 0;
    const receive = async (peer: ScriptedPeer): Promise<void> => {
      if (++tries > 1) {
        stored = await peer.receiveFile();
        return;
      }
      peer.reply("150 Send it.");
      const socket = await peer.data();
      await once(socket, "data");
      socket.resetAndDestroy();
      peer.reply("426 It broke, and is thrown away.");
    };
    await using server = await ScriptedServer.start({
      answers: {
        FEAT: ["211-Features:", " MLST type*;size*;modify*;", " REST STREAM", " MFMT", "211 End"],
        MLSD: (peer) => peer.sendFile("type=file;size=250000;modify=20200101000000; f\r\n"),
        MLST: (peer, path) => {
          const facts = path.endsWith("f") ? "type=file;size=250000;modify=20200101000000" : "type=dir";
          for (const line of ["250-Here:", ` ${facts}; ${path}`, "250 End"]) peer.reply(line);
        },
        SIZE: "213 250000",
        MFMT: "213 Modify=20200101000000; f",
        MKD: "550 It is there.",
        STOR: receive,
        APPE: receive,
      },
    });
    await using pool = poolFor(server, { connections: 1 });
    using folder = new LocalFolder();
    folder.put("f", bytes);
    const { failed } = await mirror(pool, { direction: "upload", remote: "/d", local: folder.path });
    assert.equal(failed, 0);
    assert.deepEqual(stored, bytes);
    assert.ok(!server.verbs.includes("REST") && !server.verbs.includes("APPE"));
  });
});

test("a plan is told before anything is done", async () => {
  await using server = await TestServer.start();
  await using pool = poolFor(server, { connections: 1 });
  using folder = new LocalFolder();
  await tenFiles(server);
  const told: number[] = [];
  const o = { direction: "download", remote: "/site", local: folder.at("new") } as const;
  await mirror(pool, {
    ...o,
    onPlan: (actions) => {
      assert.throws(() => statSync(o.local));
      told.push(actions.length);
    },
  });
  assert.deepEqual(told, [10]);
});

/**
 * While somebody else swaps a directory for a link that leads out, as fast as it goes. Confinement by
 * descriptors must hold at every moment. (By real paths this test fails within a second; it is not run so.)
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { crc32 } from "node:zlib";
import { StorageError } from "../errors.js";
import type { LocalStorage } from "./index.js";
import { at, entries, get, o, put, scratchTest } from "./scratch.test.js";

/** Each one has the directory, the link, and nothing at its name once. */
const SWAPS = 20_000;

const SWAPPING = `
  const { renameSync } = require("node:fs");
  const { workerData: { directory, link, away, swaps }, parentPort } = require("node:worker_threads");
  for (let n = 0; n < swaps; n++) {
    renameSync(directory, away);
    renameSync(link, directory);
    renameSync(directory, link);
    renameSync(away, directory);
  }
  parentPort.postMessage("done");
`;

/** Inside, files have 5 bytes and old dates; outside, 600 bytes. */
const INSIDE = "small";
const OUTSIDE = "S".repeat(600);
const DATE = 1_000_000_000;
const ENTRIES = 40;

const ATTEMPTS: Readonly<Record<string, (s: LocalStorage, n: number) => Promise<unknown>>> = {
  stat: async (s) => assert.equal((await s.stat(at("/dir/0"), o)).size, INSIDE.length),
  statLink: async (s) => assert.equal((await s.statLink(at("/dir/0"), o)).size, INSIDE.length),
  read: async (s) => assert.equal((await get(s, "/dir/0")).toString(), INSIDE),
  digest: async (s) => assert.equal(await s.digest(at("/dir/0"), "crc32", o), crc32(INSIDE).toString(16)),
  list: async (s) => {
    for (const entry of (await entries(s, "/dir")).values()) {
      assert.ok(entry.size !== OUTSIDE.length, `${entry.name} is of the outside`);
    }
  },
  "list below": async (s) => assert.ok(!(await entries(s, "/dir/sub")).has("secret")),
  write: (s, n) => put(s, `/dir/new${n % 5}`, "new"),
  append: (s) => put(s, "/dir/log", "new", { intent: "append" }),
  unique: async (s) => (await s.openUnique(at("/dir"), o)).abandon(new Error("given up")),
  makeDirectory: (s, n) => s.makeDirectory(at(`/dir/made${n % 5}`), o),
  removeDirectory: (s, n) => s.removeDirectory(at(`/dir/made${n % 5}`), o),
  makeLink: (s, n) => s.makeLink(at(`/dir/link${n % 5}`), "x", o),
  remove: (s, n) => s.remove(at(`/dir/link${n % 5}`), o),
  "remove a file that is outside only": (s) => s.remove(at("/dir/only-outside"), o),
  setMode: (s) => s.setMode(at("/dir/0"), 0o600, o),
  setTimes: (s) => s.setTimes(at("/dir/0"), { modified: DATE }, o),
  "rename out of": (s) => s.rename(at("/dir/only-outside"), at("/stolen"), { ...o, replace: true }),
  "rename into": async (s) => {
    await put(s, "/own", "own");
    await s.rename(at("/own"), at("/dir/own"), { ...o, replace: true });
  },
};

for (const uploads of ["atomic", "direct"] as const) {
  scratchTest(
    `nothing outside is touched or told while directories are swapped (${uploads})`,
    async (scratch) => {
      const { root, outside } = scratch;
      const directory = join(root, "dir");
      for (const [where, content] of [
        [directory, INSIDE],
        [outside, OUTSIDE],
      ] as const) {
        mkdirSync(join(where, "sub"), { recursive: true });
        for (let n = 0; n < ENTRIES; n++) writeFileSync(join(where, `${n}`), content, { mode: 0o644 });
      }
      writeFileSync(join(outside, "only-outside"), OUTSIDE);
      writeFileSync(join(outside, "log"), OUTSIDE);
      writeFileSync(join(outside, "sub/secret"), OUTSIDE);
      for (const name of readdirSync(outside)) utimesSync(join(outside, name), DATE, DATE);
      symlinkSync(outside, join(root, "link"));
      const before = snapshot(outside);
      const storage = await scratch.open({ uploads, confinement: "descriptors" });

      const done = { yet: false };
      const worker = new Worker(SWAPPING, {
        eval: true,
        workerData: { directory, link: join(root, "link"), away: join(root, "away"), swaps: SWAPS },
      });
      worker.once("message", () => {
        done.yet = true;
      });
      const exited = once(worker, "exit");
      const outcomes = new Map<string, number>();
      try {
        for (let n = 0; !done.yet; n++) {
          for (const [name, attempt] of Object.entries(ATTEMPTS)) {
            const outcome = await attempt(storage, n).then(
              () => "done",
              (error) => {
                if (error instanceof StorageError) return error.reason;
                throw error;
              },
            );
            outcomes.set(`${name}: ${outcome}`, (outcomes.get(`${name}: ${outcome}`) ?? 0) + 1);
          }
          await new Promise(setImmediate);
        }
      } finally {
        await exited;
      }
      assert.deepEqual(snapshot(outside), before);
      assert.deepEqual(
        readdirSync(root).filter((name) => !["dir", "link", "own"].includes(name)),
        [],
      );
      // The race was one: some attempts found the directory, and some the link or nothing.
      const told = [...outcomes.keys()];
      assert.ok(told.some((outcome) => outcome.endsWith(": done")));
      assert.ok(told.some((outcome) => /^(?!remove|rename out).*: (?:denied|not-found)$/.test(outcome)));
    },
  );
}

function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const stats = statSync(join(directory, name));
      const content = stats.isFile() ? Buffer.from(readFileSync(join(directory, name))).toString("hex") : "";
      return [name, stats.mode, stats.size, stats.mtimeMs, content].join(" ");
    });
}

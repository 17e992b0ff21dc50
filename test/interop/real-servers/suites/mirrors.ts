/** Folders made alike, both ways. */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, type Stats, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type MirrorOptions, mirror } from "ferry/client";
import { LocalFolder, sha256, someBytes } from "../../../support/files.js";
import type { Context, Way } from "./context.js";

const TIME = Date.UTC(2023, 2, 4, 5, 6, 7);

const FILES: Readonly<Record<string, number>> = {
  "a.txt": 10,
  "empty.txt": 0,
  "deep/er/and [deeper]/file näme.bin": 300_000,
  "deep/-dash.txt": 5,
  "deep/er/.dot": 3,
  "with space/b.bin": 70_000,
  ...Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`many/${i}.txt`, i])),
};

export function mirrorTests(context: Context, way: Way): void {
  const { abilities } = context.kind;

  test(`${way.name}: a folder goes up and comes down, with times, and what is too much goes`, async () => {
    await using pool = context.pool(way);
    using local = new LocalFolder();
    using back = new LocalFolder();
    for (const [path, size] of Object.entries(FILES)) {
      mkdirSync(dirname(local.at(path)), { recursive: true });
      local.put(path, someBytes(size));
      utimesSync(local.at(path), TIME / 1000, TIME / 1000);
    }
    mkdirSync(local.at("empty folder"));
    context.files.put("target/extra/deeper/old.txt", "x");
    context.files.put("kept/precious.txt", "x");
    if (abilities.linksToFolders !== "stay") context.files.link("../../kept", "target/extra/link-to-kept");
    const o: MirrorOptions = {
      direction: "upload",
      local: local.path,
      remote: context.remote("target"),
      delete: true,
    };

    const up = await mirror(pool, o);
    assert.deepEqual(
      up.actions.filter(({ error }) => error !== undefined),
      [],
    );
    assert.deepEqual(context.files.names("kept"), ["precious.txt"]);
    const target = context.files.at("target");
    assert.deepEqual(contentOf(target), contentOf(local.path));
    if (abilities.setTimes) assert.deepEqual(timesOf(target), timesOf(local.path));
    assert.deepEqual((await mirror(pool, o)).actions, [], "nothing is left to do");

    mkdirSync(back.at("many"));
    back.put("many/too much.txt", "x");
    const download = { ...o, direction: "download", local: back.path } as const;
    const down = await mirror(pool, download);
    assert.deepEqual(
      down.actions.filter(({ error }) => error !== undefined),
      [],
    );
    assert.deepEqual(contentOf(back.path), contentOf(local.path));
    assert.deepEqual(timesOf(back.path), timesOf(target), "times of the server, to the second");
    assert.deepEqual((await mirror(pool, download)).actions, [], "nothing is left to do");
  });
}

/** SHA-256 by path; folders too. */
function contentOf(root: string): Record<string, string> {
  return eachIn(root, (path, found) => (found.isFile() ? sha256(readFileSync(path)) : "folder"));
}

/** Whole seconds by path, of files. */
function timesOf(root: string): Record<string, number> {
  return eachIn(root, (_path, found) => (found.isFile() ? Math.floor(found.mtimeMs / 1000) : 0));
}

function eachIn<T>(root: string, tell: (path: string, found: Stats) => T): Record<string, T> {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(paths.map((path) => [path, tell(join(root, path), lstatSync(join(root, path)))]));
}

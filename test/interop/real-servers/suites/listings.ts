/** What listings say of files that are on the disk. */
import assert from "node:assert/strict";
import { truncateSync } from "node:fs";
import { test } from "node:test";
import type { FtpClient, FtpEntry } from "ferry/client";
import type { Context, Way } from "./context.js";

const GRAIN = { second: 1000, minute: 60_000, day: 86_400_000 } as const;

export async function listed(client: FtpClient, path?: string, hidden = false): Promise<FtpEntry[]> {
  const entries: FtpEntry[] = [];
  for await (const found of client.list(path, { hidden })) entries.push(found);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function namesOf(client: FtpClient, path?: string, hidden = false): Promise<string[]> {
  return (await listed(client, path, hidden)).map(({ name }) => name);
}

export function nameTests(context: Context, way: Way): void {
  test(`${way.name}: names come as they are, and lead to their files`, async () => {
    await using client = await context.connect(way);
    const names = [
      "-dash.txt",
      "[brackets].txt",
      "a  b c.txt",
      "a \"quote\" and 'apostrophe'.txt",
      ...(context.kind.abilities.backslashes ? ["back\\slash.txt"] : []),
      "per%cent & $dollar.txt",
      "semi;colon, comma.txt",
      "star*?.txt",
      "tilde~.txt",
      "~home.txt",
      "{braces}.txt",
      "äöü ñ 日本 😀.txt",
    ].sort();
    for (const name of names) context.files.put(name, name);
    assert.deepEqual(await namesOf(client), names);
    for (const name of names) assert.equal(String(await client.readFile(name)), name);
    for (const name of names) assert.equal(await client.size(name), Buffer.byteLength(name), name);
    for (const name of names) {
      await client.upload(Buffer.from("new"), name);
      assert.equal(String(context.files.get(name)), "new");
    }
  });

  test(`${way.name}: folders with such names are listed too`, async () => {
    await using client = await context.connect(way);
    const names = ["-dash", "[b]", "a  b", 'quo"te', "st*r", "{b}", "~tilde", "ä"];
    for (const name of names) context.files.put(`${name}/inside.txt`, name);
    context.files.makeDirectory("empty");
    for (const name of names) assert.deepEqual(await namesOf(client, name), ["inside.txt"], name);
    assert.deepEqual(await namesOf(client, "empty"), []);
    assert.deepEqual(await namesOf(client), [...names, "empty"].sort());
  });

  test(`${way.name}: sizes, times and types are those of the disk`, async () => {
    await using client = await context.connect(way);
    const now = Date.now();
    const times = {
      "old.txt": Date.UTC(2001, 8, 9, 1, 46, 40),
      "new.txt": now - 3_600_000,
      "month.txt": now - 40 * 86_400_000,
    };
    for (const [name, time] of Object.entries(times))
      context.files.put(name, "12345", Math.floor(time / 1000) * 1000);
    context.files.put("big.bin", "");
    truncateSync(context.files.at("big.bin"), 5_000_000_000);
    context.files.makeDirectory("folder");
    const entries = new Map((await listed(client)).map((found) => [found.name, found]));
    for (const name of Object.keys(times)) {
      const { modified, precision = "day", size, type } = entries.get(name) ?? assert.fail(name);
      assert.equal(type, "file");
      assert.equal(size, 5);
      const late = context.files.modified(name) - (modified ?? 0);
      assert.ok(Math.abs(late) < GRAIN[precision], `${name}: ${late} ms off, to the ${precision}`);
    }
    assert.notEqual(entries.get("new.txt")?.precision, "day");
    assert.equal(entries.get("big.bin")?.size, 5_000_000_000);
    assert.equal(await client.size("big.bin"), 5_000_000_000);
    assert.equal(entries.get("folder")?.type, "directory");
  });

  test(`${way.name}: dot files are shown to those who ask for them`, async () => {
    await using client = await context.connect(way);
    context.files.put(".hidden", "x");
    context.files.put("shown", "x");
    const names = await namesOf(client, undefined, true);
    assert.deepEqual(names, [".hidden", "shown"]);
    assert.deepEqual(
      (await namesOf(client)).filter((name) => name !== ".hidden"),
      ["shown"],
    );
  });

  test(`${way.name}: links are shown as links, or as what they lead to`, async () => {
    await using client = await context.connect(way);
    context.files.put("folder/file.txt", "12345");
    context.files.link("folder", "to-folder");
    context.files.link("folder/file.txt", "to-file");
    context.files.link("nowhere", "to-nowhere");
    const entries = new Map((await listed(client)).map((found) => [found.name, found]));
    assert.match(entries.get("to-folder")?.type ?? "", /^(?:link|directory)$/);
    assert.match(entries.get("to-file")?.type ?? "", /^(?:link|file)$/);
    assert.equal(String(await client.readFile("to-file")), "12345");
    assert.deepEqual(await namesOf(client, "to-folder"), ["file.txt"]);
  });

  test(`${way.name}: a folder that is not there is an error`, async () => {
    await using client = await context.connect(way);
    context.files.put("there.txt", "x");
    assert.equal(await client.exists("missing"), false);
    assert.equal(await client.exists("there.txt"), true);
    const missing = await namesOf(client, "missing").catch((error: Error) => error.name);
    assert.ok(
      missing === "FtpReplyError" || (Array.isArray(missing) && missing.length === 0),
      String(missing),
    );
  });
}

export function longListingTests(context: Context, way: Way): void {
  test(`${way.name}: 2,000 entries come whole, and the first of them alone too`, async () => {
    await using client = await context.connect(way);
    const names = Array.from({ length: 2000 }, (_, i) => `entry-${String(i).padStart(4, "0")}`);
    context.files.fill("many", names);
    assert.deepEqual(await namesOf(client, "many"), names);
    for await (const { name } of client.list("many")) {
      assert.match(name, /^entry-/);
      break;
    }
    assert.deepEqual(await namesOf(client), ["many"], "in step after a listing that was left");
  });
}

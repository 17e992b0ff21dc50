import assert from "node:assert/strict";
import { childOf, ROOT } from "../../protocol/pathname.js";
import { assertReason } from "./subject.js";
import type { Suite } from "./suite.js";

const NAMES = [
  "plain.txt",
  "with space",
  " leading and trailing ",
  "  ",
  "-rf",
  "--help",
  ".hidden",
  "...",
  "..a",
  "~",
  'with "quotes"',
  "it's",
  "back\\slash",
  "semi;colon",
  "a*b?c[d]{e}",
  "100%",
  "%2e%2e%2f",
  "$HOME",
  "tab\there",
  "escape\u001b[31m",
  "caf\u00e9",
  "cafe\u0301",
  "\u65e5\u672c\u8a9e",
  "\u05d0\u05d1\u05d2",
  "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\ufeffbyte order mark",
  "\ufffd",
  "__proto__",
  "constructor",
  "toString",
];

/** Bytes 0x80 to 0xff as text.ts writes them: Latin 1, broken UTF-8, an encoded surrogate. */
const BYTES = ["caf\udce9", "\udcff\udcfe", "a\udcc3", "\udced\udca0\udc80", "\udce2\udc82 half a euro"];

export function nameTests(suite: Suite): void {
  const { nameBytes, anyBytes } = suite.capabilities;
  const names = anyBytes ? [...NAMES, ...BYTES] : NAMES;

  suite.test("gives back every name as it was given", {}, async (s) => {
    for (const name of names) {
      const path = childOf(ROOT, name);
      const entry = await s.write(path, name);
      assert.equal(entry.name, name);
      assert.equal((await s.stat(path)).name, name);
      assert.equal(await s.text(path), Buffer.from(name).toString());
    }
    assert.deepEqual(await s.names("/"), [...names].sort());
  });

  suite.test("makes, renames and removes under every name", {}, async (s) => {
    for (const name of names) {
      const directory = childOf(ROOT, name);
      await s.makeDirectory(directory);
      await s.write(childOf(directory, "file"), "x");
      await s.rename(childOf(directory, "file"), childOf(directory, name), false);
      assert.deepEqual(await s.names(directory), [name]);
      await s.remove(childOf(directory, name));
      await s.removeDirectory(directory);
    }
    assert.deepEqual(await s.names("/"), []);
  });

  suite.test("tells upper from lower case, or says that it does not", {}, async (s) => {
    await s.write("/Name", "upper");
    if (await s.exists("/name")) return;
    await s.write("/name", "lower");
    assert.equal(await s.text("/Name"), "upper");
    assert.equal(await s.text("/name"), "lower");
  });

  suite.test("takes names up to their longest", {}, async (s) => {
    if (nameBytes === undefined) return;
    const longest = [
      "x".repeat(nameBytes),
      `${"\u65e5".repeat(Math.floor(nameBytes / 3))}${"x".repeat(nameBytes % 3)}`,
    ];
    for (const name of longest) {
      await s.write(`/${name}`, "long");
      assert.equal(await s.text(`/${name}`), "long");
    }
    assert.deepEqual(await s.names("/"), longest.sort());
  });

  suite.test('refuses longer ones: "bad-name"', {}, async (s) => {
    if (nameBytes === undefined) return;
    await s.write("/file", "x");
    for (const name of ["x".repeat(nameBytes + 1), "\u65e5".repeat(Math.ceil((nameBytes + 1) / 3))]) {
      await assertReason(s.write(`/${name}`, "long"), "bad-name");
      await assertReason(s.makeDirectory(`/${name}`), "bad-name");
      await assertReason(s.rename("/file", `/${name}`, true), "bad-name");
    }
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("goes down many directories", {}, async (s) => {
    let path = ROOT;
    for (let depth = 0; depth < 100; depth++) {
      path = childOf(path, "deep");
      await s.makeDirectory(path);
    }
    await s.write(childOf(path, "file"), "bottom");
    assert.equal(await s.text(childOf(path, "file")), "bottom");
  });
}

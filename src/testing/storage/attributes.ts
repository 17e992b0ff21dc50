import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { pathname } from "../../protocol/pathname.js";
import type { DigestAlgorithm } from "../../storage/storage.js";
import { assertReason, pattern, type Subject } from "./subject.js";
import type { Suite } from "./suite.js";

const ALGORITHMS: readonly DigestAlgorithm[] = ["crc32", "md5", "sha1", "sha256", "sha512"];

export function attributeTests(suite: Suite): void {
  const near = (found: number | undefined, expected: number, label: string): void => {
    const distance = Math.abs((found ?? Number.NaN) - expected);
    assert.ok(distance < suite.capabilities.timeResolution, `${label}: ${found}, not ${expected}`);
  };

  suite.test("dates what is written", {}, async (s) => {
    await s.write("/file", "x");
    await s.makeDirectory("/dir");
    for (const path of ["/file", "/dir"]) {
      const { modified } = await s.stat(path);
      assert.ok(Math.abs(modified - Date.now()) < 120_000, `${modified}`);
    }
  });

  suite.test("sets times of files and directories", { methods: ["setTimes"] }, async (s) => {
    await s.write("/file", "x");
    await s.makeDirectory("/dir");
    const times = [0, 1, 1_000_000_000_000, Date.UTC(2038, 0, 20), Date.UTC(2100, 1, 28, 23, 59, 59)];
    for (const path of ["/file", "/dir"]) {
      for (const modified of times) {
        await s.method("setTimes")(pathname(path), { modified }, s.o);
        near((await s.stat(path)).modified, modified, path);
      }
    }
    assert.equal(await s.text("/file"), "x");
  });

  suite.test("sets the time of creation, where it says so", { methods: ["settableTimes"] }, async (s) => {
    if (!s.method("settableTimes").includes("created")) return;
    await s.write("/file", "x");
    const { modified } = await s.stat("/file");
    const created = Date.UTC(1999, 11, 31);
    await s.method("setTimes")(pathname("/file"), { created }, s.o);
    near((await s.stat("/file")).created, created, "created");
    near((await s.stat("/file")).modified, modified, "modified");
  });

  suite.test("sets permission bits", { methods: ["setMode"] }, async (s) => {
    await s.write("/file", "x");
    await s.makeDirectory("/dir");
    for (const mode of [0o600, 0o644, 0o755, 0o700]) {
      for (const path of ["/file", "/dir"]) {
        await s.method("setMode")(pathname(path), mode, s.o);
        assert.equal((await s.stat(path)).mode, mode, path);
      }
    }
  });

  suite.test("keeps the permission bits of a file that is replaced", { methods: ["setMode"] }, async (s) => {
    await s.write("/file", "old");
    await s.method("setMode")(pathname("/file"), 0o640, s.o);
    await s.write("/file", "new", { intent: "replace" });
    assert.equal((await s.stat("/file")).mode, 0o640);
  });

  suite.test("sets what links lead to", { methods: ["makeLink", "setTimes", "setMode"] }, async (s) => {
    await s.write("/file", "x");
    await s.makeLink("/link", "file");
    await s.method("setTimes")(pathname("/link"), { modified: 1_000_000_000_000 }, s.o);
    await s.method("setMode")(pathname("/link"), 0o640, s.o);
    near((await s.stat("/file")).modified, 1_000_000_000_000, "modified");
    assert.equal((await s.stat("/file")).mode, 0o640);
  });

  suite.test("says why it sets nothing", { methods: ["setTimes", "setMode"] }, async (s) => {
    for (const path of ["/missing", "/missing/file"]) {
      await assertReason(s.method("setTimes")(pathname(path), { modified: 0 }, s.o), "not-found");
      await assertReason(s.method("setMode")(pathname(path), 0o644, s.o), "not-found");
    }
  });

  suite.test("tells objects apart by `unique`, where it has it", {}, async (s) => {
    await s.write("/a", "same");
    await s.write("/b", "same");
    await s.makeDirectory("/dir");
    const found = await Promise.all(["/", "/a", "/b", "/dir"].map((path) => s.stat(path)));
    const known = found.flatMap((entry) => entry.unique ?? []);
    if (known.length === 0) return;
    assert.equal(new Set(known).size, 4);
    assert.equal((await s.stat("/a")).unique, found[1]?.unique);
    await s.rename("/a", "/dir/a", false);
    assert.equal((await s.stat("/dir/a")).unique, found[1]?.unique);
  });

  suite.test("gives one `unique` by every way to an object", { methods: ["makeLink"] }, async (s) => {
    await s.write("/file", "x");
    await s.makeLink("/link", "file");
    const { unique } = await s.stat("/file");
    assert.equal((await s.stat("/link")).unique, unique);
    const link = (await s.entries("/")).get("link");
    if (unique !== undefined) assert.notEqual(link?.unique, unique);
  });

  suite.test("says how much a new file may have", { methods: ["availableSpace"] }, async (s) => {
    await s.makeDirectory("/dir");
    for (const path of ["/", "/dir"]) {
      const available = await s.method("availableSpace")(pathname(path), s.o);
      assert.ok(Number.isInteger(available) && available >= 0, `${available}`);
    }
    await assertReason(s.method("availableSpace")(pathname("/missing"), s.o), "not-found");
  });

  suite.test("digests whole files", { methods: ["digest"] }, async (s) => {
    const content = Buffer.alloc(2_500_000, pattern(100_003));
    await s.write("/file", content);
    await s.write("/empty", "");
    for (const algorithm of ALGORITHMS) {
      assert.equal(await digest(s, "/file", algorithm), expectedDigest(algorithm, content), algorithm);
      assert.equal(
        await digest(s, "/empty", algorithm),
        expectedDigest(algorithm, new Uint8Array(0)),
        algorithm,
      );
    }
  });

  suite.test("digests parts of files", { methods: ["digest"] }, async (s) => {
    const content = pattern(100_000);
    await s.write("/file", content);
    for (const [start, end] of [
      [0, 1],
      [1, 65_537],
      [99_999, 100_000],
      [100_000, 100_000],
      [5000, 5000],
    ] as const) {
      const expected = expectedDigest("sha256", content.subarray(start, end));
      assert.equal(await digest(s, "/file", "sha256", { start, end }), expected);
    }
    assert.equal(await digest(s, "/file", "md5", { start: 10 }), expectedDigest("md5", content.subarray(10)));
    await assertReason(digest(s, "/file", "md5", { start: 100_001 }), "bad-offset");
  });

  suite.test("says why there is no digest", { methods: ["digest"] }, async (s) => {
    await s.makeDirectory("/dir");
    await assertReason(digest(s, "/missing", "md5"), "not-found");
    await assertReason(digest(s, "/dir", "md5"), "is-directory");
  });
}

function digest(
  s: Subject,
  path: string,
  algorithm: DigestAlgorithm,
  range: { readonly start?: number; readonly end?: number } = {},
): Promise<string> {
  return s.method("digest")(pathname(path), algorithm, { ...s.o, ...range });
}

function expectedDigest(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  if (algorithm === "crc32") return crc32(bytes).toString(16).padStart(8, "0");
  return createHash(algorithm).update(bytes).digest("hex");
}

/** Everything that can be asked for, through every kind of link, in both kinds of confinement (DESIGN 6.2). */
import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import fc from "fast-check";
import type { StorageReason } from "../errors.js";
import { linkTarget } from "./attributes.js";
import type { Confinement, LocalStorage } from "./index.js";
import {
  at,
  breakOff,
  entries,
  get,
  hiddenIn,
  names,
  o,
  put,
  refused,
  type Scratch,
  scratchTest,
} from "./scratch.test.js";

const NOWHERE: readonly StorageReason[] = ["denied", "not-found"];

/** One of every operation on a pathname that leads to a file, or would. */
const ON_FILES: Readonly<Record<string, (s: LocalStorage, path: string) => Promise<unknown>>> = {
  stat: (s, path) => s.stat(at(path), o),
  read: (s, path) => s.openRead(at(path), { ...o, start: 0 }),
  replace: (s, path) => put(s, path, "replaced"),
  append: (s, path) => put(s, path, "appended", { intent: "append" }),
  resume: (s, path) => put(s, path, "resumed", { intent: "resume", start: 0 }),
  setMode: (s, path) => s.setMode(at(path), 0o777, o),
  setTimes: (s, path) => s.setTimes(at(path), { modified: 0 }, o),
  digest: (s, path) => s.digest(at(path), "md5", o),
  resolve: (s, path) => s.resolve(at(path), o),
  partial: (s, path) => s.partial?.(at(path), o) ?? Promise.reject(new Error("no parts")),
};

/** One of every operation on a pathname that leads to a directory. */
const ON_DIRECTORIES: Readonly<Record<string, (s: LocalStorage, path: string) => Promise<unknown>>> = {
  list: (s, path) => names(s, path),
  stat: (s, path) => s.stat(at(path), o),
  "create in": (s, path) => put(s, `${path}/new`, "new", { intent: "create" }),
  "replace in": (s, path) => put(s, `${path}/secret`, "replaced"),
  "read in": (s, path) => s.openRead(at(`${path}/secret`), { ...o, start: 0 }),
  "unique in": (s, path) => s.openUnique(at(path), o),
  "make a directory in": (s, path) => s.makeDirectory(at(`${path}/new`), o),
  "make a link in": (s, path) => s.makeLink(at(`${path}/new`), "x", o),
  "remove in": (s, path) => s.remove(at(`${path}/secret`), o),
  "remove a directory in": (s, path) => s.removeDirectory(at(`${path}/sub`), o),
  "rename out of": (s, path) => s.rename(at(`${path}/secret`), at("/stolen"), { ...o, replace: true }),
  "rename into": (s, path) => s.rename(at("/own"), at(`${path}/new`), { ...o, replace: true }),
  setMode: (s, path) => s.setMode(at(path), 0o777, o),
  setTimes: (s, path) => s.setTimes(at(path), { modified: 0 }, o),
  availableSpace: (s, path) => s.availableSpace(at(path), o),
};

const snapshot = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .concat("")
    .map((name) => {
      const stats = lstatSync(join(directory, name));
      const content = stats.isFile() ? readFileSync(join(directory, name), "utf8") : "";
      return [name, stats.mode, stats.size, stats.mtimeMs, content].join(" ");
    });

for (const confinement of ["descriptors", "realpath"] as const satisfies readonly Confinement[]) {
  const linkTest = (name: string, run: (s: LocalStorage, scratch: Scratch) => Promise<void>): void =>
    scratchTest(name, async (scratch) => run(await scratch.open({ confinement }), scratch));

  describe(`links, confined by ${confinement}`, () => {
    linkTest("that lead out of the root lead nowhere, for every operation", async (s, { root, outside }) => {
      mkdirSync(join(outside, "sub"));
      writeFileSync(join(outside, "secret"), "secret");
      writeFileSync(join(root, "own"), "own");
      mkdirSync(join(root, "dir"));
      const before = snapshot(outside);
      const ways: Record<string, string> = {
        absolute: outside,
        relative: "../outside",
        "dir/deep": "../../outside",
        chain: "absolute",
        "through a directory": "dir/deep",
        "far up": `${"../".repeat(30)}${outside.slice(1)}`,
        "by the name of the root's parent": join(root, "../outside"),
      };
      for (const [name, target] of Object.entries(ways)) symlinkSync(target, join(root, name));
      for (const name of Object.keys(ways)) {
        symlinkSync(
          `${name.includes("/") ? "" : "./"}${name}/secret`,
          join(root, `${name.replaceAll("/", "-")}-secret`),
        );
        for (const [what, run] of Object.entries(ON_DIRECTORIES)) {
          await refused(run(s, `/${name}`), ...NOWHERE).catch((error: Error) =>
            assert.fail(`${what} ${name}: ${error.message}`),
          );
        }
        for (const path of [`/${name}/secret`, `/${name.replaceAll("/", "-")}-secret`]) {
          for (const [what, run] of Object.entries(ON_FILES)) {
            await refused(run(s, path), ...NOWHERE).catch((error: Error) =>
              assert.fail(`${what} ${path}: ${error.message}`),
            );
          }
        }
      }
      assert.deepEqual(snapshot(outside), before);
      assert.equal(readFileSync(join(root, "own"), "utf8"), "own");
    });

    linkTest("inside the root work for every operation, however they are written", async (s, { root }) => {
      mkdirSync(join(root, "dir/sub"), { recursive: true });
      const real = realpathSync(root);
      const ways: Record<string, string> = {
        relative: "dir",
        dotted: "./dir/../dir/./sub/..//",
        absolute: join(real, "dir"),
        "out and in again": `../${real.split("/").at(-1)}/dir`,
        "all the way up": `${"../".repeat(40)}${real.slice(1)}/dir`,
        "dir/sub/up": "../../dir",
        chain: "relative",
        "chain of absolutes": join(real, "chain", ".", "."),
      };
      for (const [name, target] of Object.entries(ways)) symlinkSync(target, join(root, name));
      for (const name of Object.keys(ways)) {
        writeFileSync(join(root, "dir/file"), "old");
        assert.equal(await s.resolve(at(`/${name}`), o), "/dir", name);
        assert.equal((await get(s, `/${name}/file`)).toString(), "old", name);
        await put(s, `/${name}/file`, "new");
        assert.equal(readFileSync(join(root, "dir/file"), "utf8"), "new", name);
        assert.deepEqual(await names(s, `/${name}`), ["file", "sub"], name);
        await s.setMode(at(`/${name}/file`), 0o600, o);
        assert.equal(lstatSync(join(root, "dir/file")).mode & 0o777, 0o600, name);
        await s.makeDirectory(at(`/${name}/made`), o);
        await s.removeDirectory(at(`/${name}/made`), o);
        await s.rename(at(`/${name}/file`), at(`/${name}/moved`), { ...o, replace: false });
        await s.remove(at(`/${name}/moved`), o);
        assert.deepEqual(readdirSync(join(root, "dir")), ["sub"], name);
      }
    });

    linkTest(
      "of a leaf are followed to read, write and set, and kept to remove and rename",
      async (s, { root }) => {
        mkdirSync(join(root, "dir"));
        writeFileSync(join(root, "dir/file"), "old");
        symlinkSync("dir/file", join(root, "link"));
        await put(s, "/link", "new");
        await s.setTimes(at("/link"), { modified: 1_000_000_000_000 }, o);
        assert.equal(lstatSync(join(root, "dir/file")).mtimeMs, 1_000_000_000_000);
        assert.equal(readFileSync(join(root, "dir/file"), "utf8"), "new");
        assert.deepEqual(hiddenIn(root), []);
        await s.rename(at("/link"), at("/moved"), { ...o, replace: false });
        assert.equal(readlinkSync(join(root, "moved")), "dir/file");
        await s.remove(at("/moved"), o);
        assert.deepEqual(await names(s, "/dir"), ["file"]);
      },
    );

    linkTest(
      "make a part beside the file that they lead to, which every other way finds",
      async (s, { root }) => {
        mkdirSync(join(root, "dir"));
        symlinkSync("dir/file", join(root, "link"));
        symlinkSync("dir", join(root, "other"));
        assert.equal(await breakOff(s, "/link", 100_000), 65_536);
        assert.equal(hiddenIn(join(root, "dir")).length, 1);
        for (const path of ["/link", "/dir/file", "/other/file"]) {
          assert.equal((await s.partial?.(at(path), o))?.size, 65_536, path);
        }
      },
    );

    linkTest("of more than twenty in a row, and loops, are too many", async (s, { root }) => {
      writeFileSync(join(root, "0"), "end");
      for (let n = 1; n <= 21; n++) symlinkSync(`${n - 1}`, join(root, `${n}`));
      assert.equal((await get(s, "/20")).toString(), "end");
      await refused(get(s, "/21"), "too-many-links");
      symlinkSync("loop/loop", join(root, "loop"));
      symlinkSync("b", join(root, "a"));
      symlinkSync("a", join(root, "b"));
      for (const path of ["/loop", "/loop/x", "/a", "/b/x"]) {
        for (const run of Object.values(ON_FILES)) await refused(run(s, path), "too-many-links");
      }
    });

    linkTest("of thousands of components end soon", async (s, { root }) => {
      mkdirSync(join(root, "d"));
      for (let n = 0; n < 20; n++) symlinkSync(`${"d/../".repeat(800)}${n + 1}`, join(root, `${n}`));
      await refused(s.stat(at("/0"), o), "too-many-links");
    });

    linkTest("to files are no directories on the way", async (s, { root }) => {
      writeFileSync(join(root, "file"), "");
      symlinkSync("file", join(root, "link"));
      symlinkSync("file/", join(root, "slash"));
      await refused(s.stat(at("/link/x"), o), "not-directory");
      await refused(s.stat(at("/slash"), o), "not-directory");
      await refused(names(s, "/link"), "not-directory");
    });

    linkTest("are listed with their targets, absolute ones as seen from the root", async (s, { root }) => {
      const real = realpathSync(root);
      const targets: Record<string, [string, string]> = {
        a: ["dir/file", "dir/file"],
        b: [join(real, "dir/file"), "/dir/file"],
        c: [real, "/"],
        d: [`${real}er/file`, `${real}er/file`],
        e: ["../../x", "../../x"],
      };
      for (const [name, [target]] of Object.entries(targets)) symlinkSync(target, join(root, name));
      const found = await entries(s, "/");
      for (const [name, [, shown]] of Object.entries(targets)) {
        assert.equal(found.get(name)?.type, "link");
        assert.equal(found.get(name)?.target, shown);
        assert.equal((await s.statLink(at(`/${name}`), o)).target, shown);
      }
    });

    linkTest("made from absolute targets mean the same inside and outside", async (s, { root }) => {
      await s.makeDirectory(at("/a"), o);
      await s.makeDirectory(at("/a/b"), o);
      await put(s, "/a/file", "content");
      await s.makeLink(at("/a/b/link"), "/a/file", o);
      assert.equal(readlinkSync(join(root, "a/b/link")), "../../a/file");
      assert.equal(readFileSync(join(root, "a/b/link"), "utf8"), "content");
      assert.equal((await get(s, "/a/b/link")).toString(), "content");
    });

    linkTest("made by a client lead other programs out of the root neither", async (s, { root, outside }) => {
      writeFileSync(join(outside, "secret"), "secret");
      await s.makeDirectory(at("/a"), o);
      symlinkSync("/", join(root, "a/top"));
      const targets = [
        "../../outside/secret",
        "../outside/secret",
        "/../outside/secret",
        "b/../../../outside/secret",
      ];
      for (const [n, target] of targets.entries()) {
        await s.makeLink(at(`/a/${n}`), target, o);
        assert.throws(() => readFileSync(join(root, `a/${n}`)), { code: "ENOENT" }, target);
      }
      await refused(s.makeLink(at("/a/empty"), "", o), "bad-name");
      await refused(s.makeLink(at("/a/nul"), "a\0b", o), "bad-name");
    });
  });
}

describe("the text of a link that a client makes", () => {
  const component = fc.constantFrom("a", "b", "..", ".", "", "..a", "-");

  scratchTest("stays as it is when it cannot climb out, else becomes relative to the root", async () => {
    const directory = ["d", "e"];
    const cases: Record<string, string> = {
      file: "file",
      "../file": "../file",
      "../../file": "../../file",
      "./x//y": "./x//y",
      "../../../file": "../../file",
      "x/../y": "../../d/e/y",
      "/file": "../../file",
      "/": "../..",
      "/../..": "../..",
      "/d/./e/": "../../d/e",
    };
    for (const [said, text] of Object.entries(cases)) assert.equal(linkTarget(directory, said), text, said);
    assert.equal(linkTarget([], "/"), ".");
    assert.equal(linkTarget([], "/x"), "x");
  });

  scratchTest("never has more `..` than levels above it, and none after a name", async () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("x", "y"), { maxLength: 4 }),
        fc.array(component, { minLength: 1, maxLength: 8 }),
        (directory, components) => {
          const said = components.join("/");
          if (said === "") return;
          const parts = linkTarget(directory, said)
            .split("/")
            .filter((part) => part !== "" && part !== ".");
          const climbs = parts.filter((part) => part === "..").length;
          assert.ok(climbs <= directory.length);
          assert.ok(parts.slice(climbs).every((part) => part !== ".."));
        },
      ),
      { numRuns: 500 },
    );
  });
});

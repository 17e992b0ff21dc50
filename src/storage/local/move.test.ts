import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moveToNewName } from "./move.js";
import { at, get, o, put, refused, SCRATCH, scratchTest } from "./scratch.test.js";

const KEEP = { ...o, replace: false } as const;
const REPLACE = { ...o, replace: true } as const;

scratchTest(
  "files, directories, links and others get a new name, and never an old one",
  async ({ root, open }) => {
    const storage = await open();
    execFileSync("mkfifo", [join(root, "fifo")]);
    writeFileSync(join(root, "file"), "content");
    mkdirSync(join(root, "dir/below"), { recursive: true });
    symlinkSync("nowhere", join(root, "link"));
    for (const name of ["fifo", "file", "dir", "link"]) {
      const { ino } = lstatSync(join(root, name));
      await storage.rename(at(`/${name}`), at("/moved"), KEEP);
      assert.equal(lstatSync(join(root, "moved")).ino, ino);
      assert.ok(!existsSync(join(root, name)));
      for (const taken of ["taken file", "taken dir", "taken link"]) {
        if (taken === "taken file") writeFileSync(join(root, taken), "");
        else if (taken === "taken dir") mkdirSync(join(root, taken), { recursive: true });
        else symlinkSync("nowhere", join(root, taken));
        const before = lstatSync(join(root, taken)).ino;
        await refused(storage.rename(at("/moved"), at(`/${taken}`), KEEP), "exists");
        assert.equal(lstatSync(join(root, taken)).ino, before);
        await (taken === "taken dir"
          ? storage.removeDirectory(at(`/${taken}`), o)
          : storage.remove(at(`/${taken}`), o));
      }
      await storage.rename(at("/moved"), at(`/${name}`), KEEP);
    }
    assert.deepEqual(readdirSync(root).sort(), ["dir", "fifo", "file", "link"]);
  },
);

scratchTest("of many who want one name, one gets it and nothing is lost", async ({ root, open }) => {
  const storage = await open();
  for (let n = 0; n < 20; n++) await put(storage, `/${n}`, `${n}`);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => storage.rename(at(`/${n}`), at("/one"), KEEP)),
  );
  assert.equal(outcomes.filter((outcome) => outcome.status === "fulfilled").length, 1);
  assert.equal(readdirSync(root).length, 20);
});

scratchTest("a claim that came to nothing is taken back", async ({ root }) => {
  mkdirSync(join(root, "dir"));
  assert.throws(
    () => moveToNewName(join(root, "dir"), join(root, "dir/in itself"), statSync(join(root, "dir"))),
    {
      code: "EINVAL",
    },
  );
  assert.deepEqual(readdirSync(join(root, "dir")), []);
  symlinkSync("x", join(root, "gone"));
  const kind = lstatSync(join(root, "gone"));
  assert.throws(() => moveToNewName(join(root, "missing"), join(root, "new"), kind), { code: "ENOENT" });
  assert.deepEqual(readdirSync(root).sort(), ["dir", "gone"]);
});

scratchTest("replacing renames say what cannot be replaced", async ({ root, open }) => {
  const storage = await open();
  await put(storage, "/file", "file");
  mkdirSync(join(root, "dir/below"), { recursive: true });
  mkdirSync(join(root, "full/below"), { recursive: true });
  await refused(storage.rename(at("/file"), at("/dir"), REPLACE), "is-directory");
  await refused(storage.rename(at("/dir"), at("/file"), REPLACE), "not-directory");
  await refused(storage.rename(at("/dir"), at("/full"), REPLACE), "not-empty");
  await refused(storage.rename(at("/dir"), at("/dir/below/in"), REPLACE), "bad-name");
  await refused(storage.rename(at("/dir"), at("/dir/below/in"), KEEP), "bad-name");
  await refused(storage.rename(at("/missing"), at("/x"), REPLACE), "not-found");
  await refused(storage.rename(at("/file"), at("/missing/x"), REPLACE), "not-found");
  await refused(storage.rename(at("/"), at("/x"), REPLACE), "denied");
  await refused(storage.rename(at("/file"), at("/"), REPLACE), "denied");
  await put(storage, "/other", "other");
  await storage.rename(at("/file"), at("/other"), REPLACE);
  assert.equal(readFileSync(join(root, "other"), "utf8"), "file");
});

scratchTest(
  "a rename to another file system is cross-device, and leaves both sides alone",
  async ({ open, root }) => {
    const elsewhere = ["/dev/shm", tmpdir(), "/run"].find(
      (path) => existsSync(path) && statSync(path).dev !== statSync(SCRATCH).dev,
    );
    if (elsewhere === undefined) return;
    // One root that holds both.
    const storage = await open({ root: "/" });
    writeFileSync(join(root, "file"), "content");
    mkdirSync(join(root, "dir"));
    for (const o of [KEEP, REPLACE]) {
      await refused(storage.rename(at(`${root}/file`), at(`${elsewhere}/ferry-moved`), o), "cross-device");
      await refused(storage.rename(at(`${root}/dir`), at(`${elsewhere}/ferry-moved`), o), "cross-device");
    }
    assert.ok(!existsSync(join(elsewhere, "ferry-moved")));
    assert.equal((await get(storage, `${root}/file`)).toString(), "content");
  },
);

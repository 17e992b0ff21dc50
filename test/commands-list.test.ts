/** LIST and NLST (RFC 959 4.1.3), with the flags of ls that clients send. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { parseUnixLine } from "ferry/protocol";
import { leakCheck, type RawClient } from "ferry/testing";
import { codesOf, everywhere, type Scene, somewhere, withEachStorage } from "./support/session.js";

leakCheck();

// Far from UTC: times in a listing are UTC all the same.
process.env.TZ = "Pacific/Auckland";

async function lines(client: RawClient, line: string): Promise<string[]> {
  const { bytes, replies, ended } = await client.download(line);
  assert.deepEqual([codesOf(replies).at(-1), ended], [226, "end"], line);
  const text = bytes.toString();
  assert.ok(text === "" || text.endsWith("\r\n"), line);
  assert.doesNotMatch(text, /[^\r]\n/);
  return text.split("\r\n").slice(0, -1);
}

/** Names of a long listing, sorted. */
async function listed(client: RawClient, line: string): Promise<string[]> {
  return (await lines(client, line)).map((each) => each.replace(/^(?:\S+ +){8}/, "")).sort();
}

async function named(client: RawClient, line: string): Promise<string[]> {
  return (await lines(client, line)).sort();
}

/** /one.txt, /two.txt, /-la, /.dot, and /folder with /folder/inner.txt and /folder/deep/deepest. */
async function fill({ files }: Scene): Promise<void> {
  for (const name of ["one.txt", "two.txt", "-la", ".dot"]) await files.put(`/${name}`, "text");
  await files.makeDirectory("/folder");
  await files.put("/folder/inner.txt", "text");
  await files.makeDirectory("/folder/deep");
  await files.put("/folder/deep/deepest", "text");
}

const TOP = ["-la", ".dot", "folder", "one.txt", "two.txt"];
const FOLDER = ["deep", "inner.txt"];

describe("LIST", () => {
  everywhere("sends lines as ls -l writes them", async (scene) => {
    const { client, files } = scene;
    await fill(scene);
    await client.expect("SITE CHMOD 751 one.txt", 200);
    await client.expect("MFMT 20010203233000 one.txt", 213);
    await client.expect("SITE SYMLINK folder/inner.txt link", 200);
    await files.put("/now", "12345");
    const all = await lines(client, "LIST");
    const find = (name: string) => all.find((line) => line.split(/ +/)[8] === name) ?? "";
    assert.match(find("one.txt"), /^-rwxr-x--x +1 \S+ +\S+ + 4 Feb {2}3 {2}2001 one\.txt$/);
    assert.match(find("now"), /^-rw-r--r-- +1 \S+ +\S+ + 5 [A-Z][a-z]{2} [ \d]\d \d\d:\d\d now$/);
    assert.match(find("folder"), /^drwxr-xr-x /);
    assert.match(find("link"), /^lrwxrwxrwx .* link -> folder\/inner\.txt$/);
    for (const line of all) assert.ok(parseUnixLine(line, Date.now()) !== undefined, line);
    assert.deepEqual(await listed(client, "LIST"), [...TOP, "link -> folder/inner.txt", "now"].sort());
  });

  everywhere("takes flags, alone and before a pathname", async (scene) => {
    const { client } = scene;
    await fill(scene);
    for (const flags of ["-a", "-la", "-al", "-aL", "-a -l", "-l -a"]) {
      assert.deepEqual(await listed(client, `LIST ${flags}`), [".", "..", ...TOP].sort(), flags);
      assert.deepEqual(await listed(client, `LIST ${flags} folder`), [".", "..", ...FOLDER].sort(), flags);
    }
    for (const flags of ["-l", "-F", "-1", "-ltr", "--", "-l --"]) {
      assert.deepEqual(await listed(client, `LIST ${flags}`), TOP, flags);
      assert.deepEqual(await listed(client, `LIST ${flags} folder`), FOLDER, flags);
    }
    assert.deepEqual(await listed(client, "LIST -d folder"), ["folder"]);
    assert.deepEqual(await listed(client, "LIST -d"), ["."]);
  });

  withEachStorage("finds names that begin with a dash", async (scene) => {
    const { client, files } = scene;
    await fill(scene);
    await files.makeDirectory("/-name");
    await files.put("/-name/inside", "text");
    assert.deepEqual(await listed(client, "LIST -- -la"), ["-la"]);
    assert.deepEqual(await listed(client, "LIST ./-la"), ["./-la"]);
    assert.deepEqual(await listed(client, "LIST /-la"), ["/-la"]);
    assert.deepEqual(await listed(client, "LIST -a -- -la"), ["-la"]);
    // Letters that are no flags make it a name.
    assert.deepEqual(await listed(client, "LIST -name"), ["inside"]);
    assert.deepEqual(await named(client, "NLST -- -la"), ["-la"]);
    assert.deepEqual(await named(client, "NLST -name"), ["-name/inside"]);
  });

  everywhere("-R goes down, each directory under a heading", async (scene) => {
    const { client } = scene;
    await fill(scene);
    const all = await lines(client, "LIST -R");
    const headings = all.filter((line) => line.endsWith(":"));
    assert.deepEqual(headings, ["folder:", "folder/deep:"]);
    const below = all.slice(all.indexOf("folder:"));
    assert.match(below.join("\n"), /^folder:\n(?:.* (?:deep|inner\.txt)\n){2}\nfolder\/deep:\n.* deepest$/);
    assert.equal(all.filter((line) => line === "").length, 2);
    assert.deepEqual(
      (await lines(client, "LIST -lR folder")).filter((line) => line.endsWith(":")),
      ["deep:"],
    );
  });

  somewhere("-R does not follow links, so that it comes to an end", async (scene) => {
    const { client } = scene;
    await fill(scene);
    await client.expect("SITE SYMLINK .. folder/up", 200);
    const headings = (await lines(client, "LIST -R")).filter((line) => line.endsWith(":"));
    assert.deepEqual(headings, ["folder:", "folder/deep:"]);
  });

  withEachStorage("lists one file under the name that was asked for", async (scene) => {
    const { client } = scene;
    await fill(scene);
    await client.expect("SITE SYMLINK folder link", 200);
    await client.expect("SITE SYMLINK nowhere dangling", 200);
    for (const name of ["one.txt", "/one.txt", "folder/../one.txt"]) {
      assert.deepEqual(await listed(client, `LIST ${name}`), [name]);
      assert.deepEqual(await named(client, `NLST ${name}`), [name]);
    }
    assert.deepEqual(await listed(client, "LIST link"), FOLDER);
    assert.deepEqual(await listed(client, "LIST dangling"), ["dangling -> nowhere"]);
  });

  everywhere("of nothing is 450, of an empty directory an empty list", async ({ client, files }) => {
    await files.makeDirectory("/empty");
    for (const verb of ["LIST", "NLST"]) {
      assert.deepEqual(await lines(client, `${verb} empty`), []);
      assert.deepEqual(await lines(client, `${verb} empty/*`), []);
      for (const missing of ["missing", "missing/*.txt", "empty/missing"]) {
        assert.deepEqual(codesOf((await client.download(`${verb} ${missing}`)).replies), [450], missing);
      }
    }
  });
});

describe("patterns", () => {
  const PATTERNS: readonly (readonly [string, readonly string[]])[] = [
    ["*.txt", ["one.txt", "two.txt"]],
    ["?ne.*", ["one.txt"]],
    ["[ot]*.txt", ["one.txt", "two.txt"]],
    ["[!o]*.txt", ["two.txt"]],
    ["*", TOP],
    ["*x", []],
    ["/*.txt", ["/one.txt", "/two.txt"]],
    ["folder/*", ["folder/deep", "folder/inner.txt"]],
    ["./*.txt", ["./one.txt", "./two.txt"]],
  ];

  everywhere("name files of one directory; NLST gives names that can be retrieved", async (scene) => {
    const { client } = scene;
    await fill(scene);
    for (const [pattern, names] of PATTERNS) {
      assert.deepEqual(await named(client, `NLST ${pattern}`), [...names].sort(), pattern);
      const plain = names.map((name) => name.replace(/^.*\//, "")).sort();
      assert.deepEqual(await listed(client, `LIST ${pattern}`), plain, pattern);
    }
  });

  withEachStorage("are names where something is called that", async ({ client, files }) => {
    await files.put("/[a]*", "text");
    await files.put("/a", "text");
    assert.deepEqual(await named(client, "NLST [a]*"), ["[a]*"]);
    assert.deepEqual(await named(client, "NLST [a]"), ["a"]);
  });

  somewhere("that would cost others minutes cost nothing", async ({ client, files }) => {
    await files.put(`/${"a".repeat(200)}`, "text");
    assert.deepEqual(await named(client, `NLST ${"*a".repeat(100)}b`), []);
    assert.deepEqual(codesOf((await client.download(`NLST ${"{a,b}".repeat(100)}`)).replies), [450]);
  });
});

describe("NLST", () => {
  everywhere("gives names that RETR takes as they are", async (scene) => {
    const { client } = scene;
    await fill(scene);
    for (const argument of [
      "",
      "folder",
      "folder/",
      "/folder",
      "./folder",
      "folder/deep",
      "-a",
      "-l folder",
    ]) {
      for (const name of await named(client, `NLST ${argument}`.trimEnd())) {
        const { replies, bytes } = await client.download(`RETR ${name}`);
        if (/folder$|deep$/.test(name)) assert.deepEqual(codesOf(replies), [550], name);
        else assert.equal(bytes.toString(), "text", name);
      }
    }
    assert.deepEqual(await named(client, "NLST"), TOP);
    assert.deepEqual(await named(client, "NLST -a"), TOP);
    assert.deepEqual(await named(client, "NLST folder"), ["folder/deep", "folder/inner.txt"]);
    assert.deepEqual(await named(client, "NLST /folder/"), ["/folder/deep", "/folder/inner.txt"]);
    assert.deepEqual(
      await named(client, "NLST ."),
      TOP.map((name) => `./${name}`),
    );
  });

  withEachStorage("streams a directory of 5,000 entries", async ({ client, files }) => {
    const names = Array.from({ length: 5000 }, (_, n) => `entry ${n}`);
    for (const name of names) await files.put(`/${name}`, "");
    assert.deepEqual(await named(client, "NLST"), names.sort());
    assert.equal((await lines(client, "LIST")).length, 5000);
  });
});

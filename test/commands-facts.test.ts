/** MLST and MLSD (RFC 3659 7): their form, each fact, and what OPTS MLST chooses. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { PERMISSIONS } from "ferry/accounts";
import { type EntryFacts, parseFactLine, parseTimestamp, readFacts } from "ferry/protocol";
import { leakCheck, type RawClient } from "ferry/testing";
import {
  codesOf,
  everywhere,
  type Scene,
  type ServingOptions,
  somewhere,
  textOf,
  withEachStorage,
} from "./support/session.js";

leakCheck();

async function mlsd(client: RawClient, argument = ""): Promise<ReadonlyMap<string, EntryFacts>> {
  const { bytes, replies } = await client.download(`MLSD ${argument}`.trimEnd());
  assert.equal(codesOf(replies).at(-1), 226);
  const text = bytes.toString();
  assert.ok(text === "" || text.endsWith("\r\n"));
  const lines = text.split("\r\n").slice(0, -1);
  return new Map(lines.map((line) => [factsOf(line).name, factsOf(line)]));
}

function factsOf(line: string): EntryFacts {
  const parsed = parseFactLine(line);
  assert.ok(parsed !== undefined, line);
  return readFacts(parsed);
}

/** The one line between the first and the last; its facts stand behind a space, which the client took away. */
async function mlst(client: RawClient, argument = ""): Promise<EntryFacts> {
  const { lines } = await client.expect(`MLST ${argument}`.trimEnd(), 250);
  assert.equal(lines.length, 3);
  return factsOf(lines[1] ?? "");
}

/** /file of 4 bytes, /folder, and a link to each. */
async function fill({ client, files }: Scene): Promise<void> {
  await files.put("/file", "text");
  await files.makeDirectory("/folder");
  await client.expect("SITE SYMLINK file link", 200);
  await client.expect("SITE SYMLINK folder link-to-folder", 200);
}

describe("MLSD", () => {
  everywhere("tells the facts of everything in a directory", async (scene) => {
    const { client } = scene;
    const before = Math.floor(Date.now() / 1000) * 1000;
    await fill(scene);
    const facts = await mlsd(client);
    assert.deepEqual([...facts.keys()].sort(), ["file", "folder", "link", "link-to-folder"]);
    const file = facts.get("file");
    assert.deepEqual([file?.type, file?.size, file?.perm, file?.mode], ["file", 4, "adfrw", 0o644]);
    assert.ok((file?.modified ?? 0) >= before && (file?.modified ?? 0) <= Date.now());
    assert.deepEqual([facts.get("folder")?.type, facts.get("folder")?.perm], ["directory", "cdeflmp"]);
    const link = facts.get("link");
    assert.deepEqual([link?.type, link?.target, link?.size], ["link", "file", undefined]);
    assert.equal(facts.get("link-to-folder")?.target, "folder");
  });

  withEachStorage("lists nothing of an empty directory, and follows a link to one", async (scene) => {
    await fill(scene);
    const { client, files } = scene;
    assert.equal((await mlsd(client, "folder")).size, 0);
    await files.put("/folder/inside", "text");
    assert.deepEqual([...(await mlsd(client, "link-to-folder")).keys()], ["inside"]);
  });

  withEachStorage("is for directories: 501 for a file, 550 for nothing", async (scene) => {
    await fill(scene);
    for (const [argument, code] of [
      ["file", 501],
      ["link", 501],
      ["missing", 550],
    ] as const) {
      const { replies } = await scene.client.download(`MLSD ${argument}`);
      assert.deepEqual(codesOf(replies), [code], argument);
    }
  });

  somewhere("takes no flags and no patterns: they are names", async ({ client, files }) => {
    await files.makeDirectory("/-a");
    await files.put("/-a/inside", "text");
    assert.deepEqual([...(await mlsd(client, "-a")).keys()], ["inside"]);
    assert.deepEqual(codesOf((await client.download("MLSD *")).replies), [550]);
  });

  withEachStorage("streams a directory of 5,000 entries, each once", async ({ client, files }) => {
    const names = Array.from({ length: 5000 }, (_, n) => `entry ${n}`);
    for (const name of names) await files.put(`/${name}`, "");
    assert.deepEqual([...(await mlsd(client)).keys()].sort(), names.sort());
  });
});

describe("MLST", () => {
  everywhere("tells of one file or directory, by its whole pathname", async (scene) => {
    const { client } = scene;
    await fill(scene);
    await client.expect("CWD folder", 250);
    const file = await mlst(client, "../file");
    assert.deepEqual([file.name, file.type, file.size], ["/file", "file", 4]);
    assert.deepEqual([(await mlst(client)).name, (await mlst(client)).type], ["/folder", "directory"]);
    assert.deepEqual([(await mlst(client, "/")).name, (await mlst(client, "/")).type], ["/", "directory"]);
    const link = await mlst(client, "/link");
    assert.deepEqual([link.name, link.type, link.size], ["/link", "file", 4]);
    await client.expect("MLST missing", 550);
  });

  withEachStorage("says the same as MLSD, and one unique for one object", async (scene) => {
    await fill(scene);
    const { client } = scene;
    const listed = await mlsd(client);
    for (const name of ["file", "folder"]) {
      assert.deepEqual({ ...(await mlst(client, name)), name }, listed.get(name));
    }
    const unique = async (name: string) => (await mlst(client, name)).unique;
    assert.ok((await unique("file")) !== undefined);
    assert.equal(await unique("file"), await unique("link"));
    assert.notEqual(await unique("file"), await unique("folder"));
    await client.expect("RNFR file", 350);
    await client.expect("RNTO folder/renamed", 250);
    assert.equal(await unique("folder/renamed"), listed.get("file")?.unique);
  });

  withEachStorage("gives times in UTC that MDTM gives as well", async (scene) => {
    await fill(scene);
    const { client } = scene;
    const told = parseTimestamp(textOf(await client.expect("MDTM file", 213)));
    assert.equal((await mlst(client, "file")).modified, told);
  });
});

describe("OPTS MLST", () => {
  everywhere("chooses the facts of both for the session, in Ferry's order", async ({ client, files }) => {
    await files.put("/file", "text");
    await client.expect("OPTS MLST perm;size;type;", 200);
    assert.equal((await client.download("MLSD")).bytes.toString(), "type=file;size=4;perm=adfrw; file\r\n");
    assert.equal((await client.expect("MLST file", 250)).lines[1], "type=file;size=4;perm=adfrw; /file");
    await client.expect("OPTS MLST", 200);
    assert.equal((await client.download("MLSD")).bytes.toString(), " file\r\n");
    await client.expect("OPTS MLST size*;", 501);
    assert.equal((await client.download("MLSD")).bytes.toString(), " file\r\n");
  });

  somewhere("holds for its own session", async ({ client, files, served }) => {
    await files.put("/file", "text");
    await client.expect("OPTS MLST size;", 200);
    const other = await served.login();
    assert.ok((await mlst(other, "file")).modified !== undefined);
    assert.ok((await mlst(client, "file")).modified === undefined);
  });
});

describe("the perm fact", () => {
  /** The letters that go when one permission goes: of a file and of a directory. */
  const LETTERS = {
    list: ["", "l"],
    download: ["r", ""],
    upload: ["", "c"],
    overwrite: ["w", ""],
    append: ["a", ""],
    delete: ["d", "p"],
    rename: ["f", "f"],
    "make-directory": ["", "m"],
    "remove-directory": ["", "d"],
    "set-times": ["", ""],
    "set-mode": ["", ""],
  } as const;

  for (const missing of PERMISSIONS) {
    const [ofFile, ofFolder] = LETTERS[missing];
    const others = PERMISSIONS.filter((name) => name !== missing);
    const rules: Readonly<Record<string, ServingOptions["account"]>> = {
      everywhere: { permissions: others },
      "for one directory": { permissions: { "/": "all", "/place": others } },
    };
    for (const [where, account] of Object.entries(rules)) {
      somewhere(
        `lacks ${ofFile + ofFolder || "nothing"} without ${missing} ${where}`,
        async ({ client, files }) => {
          await files.makeDirectory("/place");
          await files.makeDirectory("/place/folder");
          await files.put("/place/file", "text");
          if (missing === "list") return void (await client.expect("MLST place/file", 550));
          const facts = await mlsd(client, "place");
          assert.equal(facts.get("file")?.perm, "adfrw".replace(ofFile, ""));
          assert.equal(facts.get("folder")?.perm, "cdeflmp".replace(ofFolder, ""));
          assert.equal((await mlst(client, "place/file")).perm, "adfrw".replace(ofFile, ""));
          assert.equal((await mlst(client, "place/folder")).perm, "cdeflmp".replace(ofFolder, ""));
        },
        account === undefined ? {} : { account },
      );
    }
  }

  somewhere(
    "is that of the pathname itself, where rules meet",
    async ({ client, files }) => {
      await files.makeDirectory("/open");
      await files.makeDirectory("/open/open");
      assert.equal((await mlst(client, "/open")).perm, "el");
      assert.equal((await mlst(client, "/open/open")).perm, "cel");
      assert.equal((await mlst(client, "/")).perm, "el");
      assert.equal((await mlsd(client, "/")).get("open")?.perm, "el");
      assert.equal((await mlsd(client, "/open")).get("open")?.perm, "cel");
    },
    { account: { permissions: { "/": "read-only", "/open/open": ["list", "upload"] } } },
  );
});

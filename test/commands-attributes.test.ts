/** MDTM, MFMT, MFCT, MFF, SITE UTIME, SITE CHMOD and SITE SYMLINK: what is set is told again, times in UTC. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { formatTimestamp, parseFactLine } from "ferry/protocol";
import { forward, readOnly } from "ferry/storage";
import { leakCheck, type RawClient } from "ferry/testing";
import { codesOf, everywhere, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

// Far from UTC, and with a summer time: what is told as local time would show.
process.env.TZ = "Pacific/Auckland";

async function fact(client: RawClient, path: string, name: string): Promise<string | undefined> {
  const { lines } = await client.expect(`MLST ${path}`, 250);
  return parseFactLine(lines[1] ?? "")?.facts.get(name);
}

/** In summer and winter, before the epoch of some file systems, and after 32 bits of seconds. */
const TIMES = ["20240229123456", "20240701000000", "19700102030405", "20380119031408", "21051231235959"];

describe("the time of a file", () => {
  everywhere("is set by MFMT and told by MDTM, MLST and LIST", async ({ client, files }) => {
    await files.put("/a file", "text");
    for (const time of TIMES) {
      const set = await client.expect(`MFMT ${time} a file`, 213);
      assert.equal(textOf(set), `Modify=${time}; /a file`);
      assert.equal(textOf(await client.expect("MDTM a file", 213)), time);
      assert.equal(await fact(client, "a file", "modify"), time);
    }
    const { bytes } = await client.download("LIST");
    assert.match(bytes.toString(), / Dec 31 {2}2105 a file\r\n$/);
  });

  withEachStorage(
    "is set by SITE UTIME in both of its forms, by MFF and by MDTM never",
    async ({ client, files }) => {
      await files.put("/a file", "text");
      const steps: readonly (readonly [string, number, string])[] = [
        ["SITE UTIME 20240229123456 a file", 200, "20240229123456"],
        ["SITE UTIME 202402291234 a file", 200, "20240229123400"],
        ["SITE UTIME a file 20200101000000 20240301112233 20200101000000 UTC", 200, "20240301112233"],
        ["MFF Modify=20240302112233; a file", 213, "20240302112233"],
        ["mff MODIFY=20240303112233; a file", 213, "20240303112233"],
        // As ncftp writes it.
        ["MFF modify=20240303112233 a file", 213, "20240303112233"],
        ["MDTM 20240304112233 a file", 550, "20240303112233"],
      ];
      for (const [line, code, time] of steps) {
        await client.expect(line, code);
        assert.equal(textOf(await client.expect("MDTM a file", 213)), time, line);
      }
    },
  );

  withEachStorage("is the present when a file is stored", async ({ client }) => {
    const before = formatTimestamp(Date.now());
    await client.upload("STOR file", "text");
    const time = textOf(await client.expect("MDTM file", 213));
    assert.ok(time >= before && time <= formatTimestamp(Date.now()), time);
  });

  withEachStorage("takes fractions of a second, and no time that is none", async ({ client, files }) => {
    await files.put("/file", "text");
    await client.expect("MFMT 20240229123456.789 file", 213);
    assert.equal(textOf(await client.expect("MDTM file", 213)), "20240229123456");
    for (const wrong of [
      "20230229000000",
      "20241301000000",
      "20240101240000",
      "2024",
      "x",
      "-1",
      "20240229123456Z",
    ]) {
      await client.expect(`MFMT ${wrong} file`, 501);
      await client.expect(`MFF Modify=${wrong}; file`, 501);
      await client.expect(`SITE UTIME ${wrong} file`, 501);
    }
    await client.expect("MFMT 20240229123456", 501);
    await client.expect("MFMT 20240229123456 missing", 550);
    assert.equal(textOf(await client.expect("MDTM file", 213)), "20240229123456");
  });

  withEachStorage(
    "is not told of directories by MDTM, nor a size by SIZE, but by MLST",
    async ({ client, files }) => {
      await files.makeDirectory("/folder");
      await client.expect("MDTM folder", 550);
      await client.expect("SIZE folder", 550);
      await client.expect("MFMT 20240229123456 folder", 213);
      assert.equal(await fact(client, "folder", "modify"), "20240229123456");
    },
  );

  somewhere("of its creation is set where the storage can", async ({ client, files }) => {
    await files.put("/file", "text");
    const set = await client.expect("MFCT 20010203040506 file", 213);
    assert.equal(textOf(set), "Create=20010203040506; /file");
    assert.equal(await fact(client, "file", "create"), "20010203040506");
    await client.expect("MFF Create=20010203040507; file", 213);
    assert.equal(await fact(client, "file", "create"), "20010203040507");
  });

  somewhere(
    "of its creation cannot be set where the disk keeps it",
    async ({ client, files }) => {
      await files.put("/file", "text");
      await client.expect("MFCT 20010203040506 file", 502);
      await client.expect("MFF Create=20010203040506; file", 504);
      assert.doesNotMatch(textOf(await client.expect("FEAT", 211)), /MFCT|create\*?;(?!.*\*)/i);
    },
    { storage: "local" },
  );
});

describe("MFF", () => {
  everywhere("sets several facts at once", async ({ client, files }) => {
    await files.put("/file", "text");
    const set = await client.expect("MFF Modify=20240229123456;UNIX.mode=0640; file", 213);
    assert.equal(textOf(set), "Modify=20240229123456;UNIX.mode=0640; /file");
    assert.deepEqual(
      [await fact(client, "file", "modify"), await fact(client, "file", "unix.mode")],
      ["20240229123456", "0640"],
    );
  });

  withEachStorage("sets all or nothing", async ({ client, files }) => {
    await files.put("/file", "text");
    await client.expect("MFMT 20240229123456 file", 213);
    const refusals = [
      ["MFF Modify=20200101000000;Size=3; file", 504],
      ["MFF Modify=20200101000000;UNIX.mode=999; file", 501],
      ["MFF Modify=20200101000000;Media-Type=x; file", 504],
      ["MFF Modify=20200101000000;file", 501],
      ["MFF file", 501],
      ["MFF ; file", 501],
    ] as const;
    for (const [line, code] of refusals) await client.expect(line, code);
    assert.deepEqual(
      [await fact(client, "file", "modify"), await fact(client, "file", "unix.mode")],
      ["20240229123456", "0644"],
    );
  });
});

describe("SITE CHMOD", () => {
  everywhere("sets the bits that MLST and LIST tell", async ({ client, files }) => {
    await files.put("/a file", "text");
    for (const [mode, told, letters] of [
      ["600", "0600", "-rw-------"],
      ["0751", "0751", "-rwxr-x--x"],
      ["7", "0007", "-------rwx"],
    ] as const) {
      await client.expect(`SITE CHMOD ${mode} a file`, 200);
      assert.equal(await fact(client, "a file", "unix.mode"), told);
      assert.ok((await client.download("LIST")).bytes.toString().startsWith(letters));
    }
    for (const wrong of ["888 a file", "u+x a file", "77777 a file", "-1 a file", "600", "a file"]) {
      await client.expect(`SITE CHMOD ${wrong}`, 501);
    }
    await client.expect("SITE CHMOD 600 missing", 550);
  });
});

describe("SITE SYMLINK", () => {
  everywhere(
    "makes links that reads and writes follow, and DELE and RNTO do not",
    async ({ client, files }) => {
      await files.makeDirectory("/folder");
      await files.put("/folder/file", "text");
      await client.expect("SITE SYMLINK folder/file link", 200);
      await client.expect('SITE SYMLINK "folder/file" a link', 200);
      await client.expect("SITE SYMLINK /folder absolute", 200);
      assert.equal((await client.download("RETR a link")).bytes.toString(), "text");
      assert.equal((await client.download("RETR absolute/file")).bytes.toString(), "text");
      assert.deepEqual(codesOf(await client.upload("STOR link", "other")).at(-1), 226);
      assert.equal((await files.get("/folder/file")).toString(), "other");
      await client.expect("RNFR link", 350);
      await client.expect("RNTO moved", 250);
      await client.expect("DELE moved", 250);
      await client.expect("DELE absolute", 250);
      await client.expect("RMD a link", 550);
      assert.equal((await files.get("/folder/file")).toString(), "other");
    },
  );

  withEachStorage("never leads out of the root", async ({ client, files }) => {
    await files.put("/file", "inside");
    for (const target of ["/etc/passwd", "../../../../../../etc/passwd", "/proc/self/root/etc/passwd"]) {
      await client.expect(`SITE SYMLINK ${target} link`, 200);
      assert.deepEqual(codesOf((await client.download("RETR link")).replies), [550]);
      assert.equal((await client.upload("STOR link", "x")).at(-1)?.code, 553);
      await client.expect("DELE link", 250);
    }
    await client.expect("SITE SYMLINK ../../../file link", 200);
    assert.equal((await client.download("RETR link")).bytes.toString(), "inside");
  });

  withEachStorage("goes in circles without harm", async ({ client }) => {
    await client.expect("SITE SYMLINK b a", 200);
    await client.expect("SITE SYMLINK a b", 200);
    assert.deepEqual(codesOf((await client.download("RETR a")).replies), [550]);
    assert.deepEqual(codesOf((await client.download("LIST a")).replies), [450]);
    await client.expect("MLST a", 550);
    await client.expect("SITE SYMLINK x a", 550);
    await client.expect("DELE a", 250);
  });
});

describe("a storage that cannot", () => {
  somewhere(
    "be changed is 502 for what sets, 550 for what changes",
    async ({ client, files }) => {
      await files.put("/file", "text");
      const lines = [
        "MFMT 20240229123456 file",
        "SITE UTIME 20240229123456 file",
        "SITE CHMOD 600 file",
        "SITE SYMLINK a b",
      ];
      for (const line of lines) await client.expect(line, 502);
      await client.expect("MFF Modify=20240229123456; file", 504);
      for (const line of ["DELE file", "MKD folder", "RMD folder"]) await client.expect(line, 550);
      assert.equal((await client.upload("STOR file", "x")).at(-1)?.code, 553);
      assert.equal((await client.upload("STOU", "x")).at(-1)?.code, 553);
      assert.equal((await files.get("/file")).toString(), "text");
    },
    { decorate: readOnly },
  );

  somewhere(
    "choose unique names itself has them chosen by the server",
    async ({ client, files }) => {
      const names = new Set<string>();
      for (const line of ["STOU", "STOU hint", "STOU hint"]) {
        const [opened, completed] = await client.upload(line, line);
        const name = opened?.lines[0].replace("FILE: ", "") ?? "";
        assert.equal(completed?.code, 226);
        assert.equal((await files.get(`/${name}`)).toString(), line);
        names.add(name);
      }
      assert.equal(names.size, 3);
    },
    { decorate: (storage) => forward(storage, { openUnique: undefined }) },
  );
});

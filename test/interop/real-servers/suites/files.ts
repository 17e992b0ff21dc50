/** What can be asked of one file or folder, and done to it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { FtpNotFoundError, FtpReplyError, FtpUnsupportedError } from "ferry/client";
import { someBytes } from "../../../support/files.js";
import type { Context, Way } from "./context.js";
import { namesOf } from "./listings.js";

export function fileTests(context: Context, way: Way): void {
  const { abilities } = context.kind;

  test(`${way.name}: stat, size and time of one file; UTC to the second`, async () => {
    await using client = await context.connect(way);
    const modified = Date.UTC(2024, 6, 15, 22, 33, 44);
    context.files.put("a folder/file.bin", someBytes(12_345), modified);
    const found = await client.stat("a folder/file.bin");
    assert.equal(found.name, "file.bin");
    assert.equal(found.type, "file");
    assert.equal(found.size, 12_345);
    assert.equal(found.modified, modified);
    assert.equal(await client.size("a folder/file.bin"), 12_345);
    assert.equal(await client.modified("a folder/file.bin"), modified);
    assert.equal((await client.stat("a folder")).type, "directory");
    for (const ask of ["stat", "size", "modified"] as const) {
      await assert.rejects(client[ask]("a folder/missing"), FtpNotFoundError, ask);
    }
    assert.equal(await client.exists("a folder/missing"), false);
  });

  test(`${way.name}: files are renamed, moved and removed`, async () => {
    await using client = await context.connect(way);
    context.files.put("old name.txt", "1");
    context.files.makeDirectory("folder");
    await client.rename("old name.txt", "-new näme [1].txt");
    await client.rename("-new näme [1].txt", "folder/moved.txt");
    assert.equal(String(context.files.get("folder/moved.txt")), "1");
    assert.deepEqual(context.files.names(), ["folder"]);
    await client.remove("folder/moved.txt");
    assert.deepEqual(context.files.names("folder"), []);
    await assert.rejects(client.remove("folder/moved.txt"), FtpReplyError);
    await assert.rejects(client.rename("missing", "other"), FtpReplyError);
  });

  test(`${way.name}: folders are made and removed with all that is in them`, async () => {
    await using client = await context.connect(way);
    await client.makeDirectory("one");
    await assert.rejects(client.makeDirectory("one"), FtpReplyError);
    await client.makeDirectory("one", { recursive: true });
    await client.makeDirectory("one/two words/[3]/-4", { recursive: true });
    assert.ok(context.files.has("one/two words/[3]/-4"));
    context.files.put("one/two words/[3]/-4/.hidden", "x");
    context.files.put("one/two words/ä.txt", "x");
    context.files.put("kept/precious.txt", "x");
    if (abilities.linksToFolders !== "stay") {
      context.files.link("../../one", "one/two words/link-to-one");
      context.files.link("../kept", "one/link-to-kept");
    }
    context.files.link("kept", "link-to-kept");
    await assert.rejects(client.removeDirectory("one"), FtpReplyError);
    await client.removeDirectory("one", { recursive: true });
    const removing = client.removeDirectory("link-to-kept", { recursive: true });
    if (abilities.linksToFolders === "stay") await assert.rejects(removing, FtpReplyError);
    else await removing;
    assert.equal(context.files.names().includes("link-to-kept"), abilities.linksToFolders === "stay");
    assert.deepEqual(context.files.names("kept"), ["precious.txt"]);
  });

  test(`${way.name}: times are set, or it is said that they cannot be`, async () => {
    await using client = await context.connect(way);
    const modified = Date.UTC(2019, 11, 31, 23, 59, 58);
    context.files.put("a file.txt", "x");
    const setting = client.setTimes("a file.txt", { modified });
    if (abilities.setTimes) {
      await setting;
      assert.equal(context.files.modified("a file.txt"), modified);
      assert.equal(await client.modified("a file.txt"), modified);
    } else await assert.rejects(setting, FtpUnsupportedError);
  });

  test(`${way.name}: modes are set, or it is said that they cannot be`, async () => {
    await using client = await context.connect(way);
    context.files.put("a file.txt", "x");
    const setting = client.setMode("a file.txt", 0o640);
    if (abilities.setMode) {
      await setting;
      assert.equal(context.files.mode("a file.txt"), 0o640);
    } else await assert.rejects(setting, FtpReplyError);
  });

  test(`${way.name}: digests are those of the disk`, async () => {
    await using client = await context.connect(way);
    const bytes = someBytes(100_003);
    context.files.put("a file.bin", bytes);
    assert.deepEqual(client.digests, abilities.digests);
    for (const algorithm of ["sha512", "sha256", "sha1", "md5"] as const) {
      const asked = client.digest("a file.bin", algorithm);
      if (!abilities.digests.includes(algorithm)) await assert.rejects(asked, FtpUnsupportedError);
      else assert.equal(await asked, createHash(algorithm).update(bytes).digest("hex"), algorithm);
    }
  });

  test(`${way.name}: folders are gone to, and paths seen from there`, async () => {
    await using client = await context.connect(way);
    const home = await client.workingDirectory();
    context.files.put("a b/ç/file.txt", "here");
    await client.changeDirectory("a b");
    await client.changeDirectory("ç");
    assert.match(await client.workingDirectory(), /\/a b\/ç$/);
    assert.equal(String(await client.readFile("file.txt")), "here");
    await client.changeDirectory("..");
    assert.deepEqual(await namesOf(client), ["ç"]);
    await client.changeDirectory(home);
    assert.deepEqual(await namesOf(client), ["a b"]);
    await assert.rejects(client.changeDirectory("missing"), FtpReplyError);
  });
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FtpConnectionError, FtpReplyError } from "../../client/errors.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { CliError } from "../errors.js";
import { expandRemote, type Lister } from "./remote-glob.js";

/** By path, what is in each folder; a name that ends in "/" is a folder, in "@" a link. */
function server(folders: Readonly<Record<string, readonly string[]>>): Lister & { readonly asked: string[] } {
  const asked: string[] = [];
  const refusal = new FtpReplyError("MLSD", { phase: "transfer", reply: { code: 550, lines: ["No."] } });
  return {
    asked,
    async *list(path = "") {
      asked.push(path);
      const names = folders[path];
      if (names === undefined) throw refusal;
      for (const text of names) {
        const type = text.endsWith("/") ? "directory" : text.endsWith("@") ? "link" : "file";
        yield { raw: text, name: text.replace(/[/@]$/, ""), type } satisfies FtpEntry;
      }
    },
    async exists(path) {
      const [, folder = "", name = ""] = /^(.*?)\/?([^/]*)$/.exec(path) ?? [];
      return (folders[folder] ?? []).some((text) => text.replace(/[/@]$/, "") === name);
    },
  };
}

const FILES = {
  "": ["a.txt", "b.txt", "c*.md", "cd.md", ".hidden.txt", "docs/", "link@", "[x]"],
  docs: ["d.txt", ".secret", "deep/", "a.txt"],
  "docs/deep": ["e.txt", "docs/"],
  "docs/deep/docs": ["d.txt"],
  link: ["l.txt"],
  "/": ["etc/"],
  "/etc": ["motd"],
};

async function expand(pattern: string, path = pattern): Promise<string[]> {
  return (await expandRemote(server(FILES), { path, pattern })).map((match) => match.path);
}

describe("a pattern of remote names", () => {
  test("means what it matches, sorted; a leading dot has to be written", async () => {
    assert.deepEqual(await expand("*.txt"), ["a.txt", "b.txt"]);
    assert.deepEqual(await expand(".*.txt"), [".hidden.txt"]);
    assert.deepEqual(await expand("?.txt"), ["a.txt", "b.txt"]);
    assert.deepEqual(await expand("[!a].txt"), ["b.txt"]);
    assert.deepEqual(await expand("*/*.txt"), ["docs/a.txt", "docs/d.txt", "link/l.txt"]);
    assert.deepEqual(await expand("do*/d.txt"), ["docs/d.txt"]);
    assert.deepEqual(await expand("/e*/m*"), ["/etc/motd"]);
    assert.deepEqual(await expand("docs/*/*.txt"), ["docs/deep/e.txt"]);
  });

  test("with ** goes down to any depth, and not through links", async () => {
    assert.deepEqual(await expand("**/d.txt"), ["docs/d.txt", "docs/deep/docs/d.txt"]);
    assert.deepEqual(await expand("**/a.txt"), ["a.txt", "docs/a.txt"]);
    assert.deepEqual(await expand("docs/deep/**"), [
      "docs/deep/docs",
      "docs/deep/docs/d.txt",
      "docs/deep/e.txt",
    ]);
  });

  test("with braces means each alternative, once, also those that are not there", async () => {
    assert.deepEqual(await expand("{b,a,zz}.txt"), ["b.txt", "a.txt", "zz.txt"]);
    assert.deepEqual(await expand("{*.txt,a.txt}"), ["a.txt", "b.txt"]);
  });

  test("is a name when one is exactly that, or when it is escaped", async () => {
    assert.deepEqual(await expand("c*.md"), ["c*.md"]);
    assert.deepEqual(await expand("[x]"), ["[x]"]);
    assert.deepEqual(await expand("c\\*.md", "c*.md"), ["c*.md"]);
    const quiet = server(FILES);
    await expandRemote(quiet, { path: "none.txt", pattern: "none.txt" });
    assert.deepEqual(quiet.asked, [], "a plain name costs no command");
  });

  test("that nothing matches is an error that says so, unless that may be", async () => {
    await assert.rejects(expand("*.zip"), (error) => {
      assert(error instanceof CliError);
      assert.deepEqual([error.exitCode, error.message], [1, "nothing on the server matches *.zip"]);
      return true;
    });
    await assert.rejects(expand("missing/*"), CliError);
    const place = { path: "*.zip", pattern: "*.zip" };
    assert.deepEqual(await expandRemote(server(FILES), place, { mayBeNone: true }), []);
    await assert.rejects(expand("{a,b}".repeat(12)), /at most/);
  });

  test("is not given up quietly when the connection is lost", async () => {
    const lost: Lister = {
      exists: async () => false,
      async *list() {
        yield* [];
        throw new FtpConnectionError("lost", { phase: "command" });
      },
    };
    await assert.rejects(expandRemote(lost, { path: "*", pattern: "*" }), FtpConnectionError);
  });
});

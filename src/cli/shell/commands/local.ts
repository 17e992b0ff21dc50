/** This machine: lcd, lpwd, lls. Everything else of it is `!`. */
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { FtpEntry } from "../../../client/verbs/listing.js";
import { listingLines } from "../../client/listing-lines.js";
import { failure, systemReason } from "../../errors.js";
import { localDirectory, localPath } from "../completion/sources.js";
import { any, optional } from "../declaration.js";
import { on } from "../flag-words.js";
import { escapeHostile } from "../line/escapes.js";
import { defineShellCommand } from "../shell.js";
import { eachOf } from "./matches.js";
import { outputTerminal } from "./output-terminal.js";
import { sortedEntries } from "./sorted-entries.js";

const lcd = defineShellCommand({
  name: "lcd",
  group: "this machine",
  summary: "go to another directory of this machine",
  details: "Without a directory: your home. `lcd -` goes back to the one before.",
  examples: [
    ["lcd ~/Downloads", "where files are to go"],
    ["lcd -", "back"],
  ],
  operands: [optional("DIRECTORY", localDirectory)],
  async run({ shell: { local }, operands: [where], out }) {
    const path = where === undefined ? local.home : where.raw === "-" ? local.previous : local.resolve(where);
    await local.change(path);
    await out.write(`${escapeHostile(local.directory)}\n`);
  },
});

const lpwd = defineShellCommand({
  name: "lpwd",
  group: "this machine",
  summary: "where we are on this machine",
  examples: [["lpwd", "the directory"]],
  async run({ shell, out }) {
    await out.write(`${escapeHostile(shell.local.directory)}\n`);
  },
});

const lls = defineShellCommand({
  name: "lls",
  aliases: ["ldir"],
  group: "this machine",
  summary: "list files of this machine",
  details: "`!ls` does it with the program of this machine; `!` alone starts your shell.",
  examples: [["lls ~/Downloads", "what is there"]],
  flags: {
    all: on("-a --all", "names that begin with a dot too"),
    human: on("-h --human", "sizes as 1.5 MiB instead of bytes"),
    long: on("-l", "as it is anyway"),
    time: on("-t", "newest first"),
  },
  operands: [any("PATH", localPath)],
  async run(call) {
    const { shell, flags, out } = call;
    const paths =
      call.operands.length === 0
        ? [shell.local.directory]
        : call.operands.map((word) => shell.local.resolve(word));
    await eachOf(
      call,
      paths,
      (path) => path,
      async (path) => {
        const entries = (await entriesOf(path)).filter(({ name }) => flags.all || !name.startsWith("."));
        const inOrder = sortedEntries(entries, { sort: flags.time ? "time" : "name" });
        await out.write(listingLines(inOrder, flags, outputTerminal(shell.terminal, out)));
      },
    );
  },
});

async function entriesOf(path: string): Promise<FtpEntry[]> {
  try {
    if (!(await lstat(path)).isDirectory()) return [await entryOf(path, path)];
    return await Promise.all((await readdir(path)).map((name) => entryOf(join(path, name), name)));
  } catch (error) {
    throw failure(`cannot list ${escapeHostile(path)}: ${systemReason(error)}`, error);
  }
}

async function entryOf(path: string, name: string): Promise<FtpEntry> {
  const found = await lstat(path);
  const type = found.isDirectory()
    ? "directory"
    : found.isFile()
      ? "file"
      : found.isSymbolicLink()
        ? "link"
        : "other";
  return {
    raw: "",
    name,
    type,
    size: found.size,
    modified: found.mtimeMs,
    precision: "second",
    mode: found.mode & 0o7777,
    ...(type === "link" && { target: await readlink(path).catch(() => "") }),
  };
}

export const LOCAL = [lcd, lpwd, lls];

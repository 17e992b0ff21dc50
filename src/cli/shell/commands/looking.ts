/** Looking around on the server: cd, pwd, ls, cls, stat, size, du, find. */
import type { FtpClient } from "../../../client/client.js";
import { MOST_LEVELS } from "../../../client/verbs/directories.js";
import type { FtpEntry } from "../../../client/verbs/listing.js";
import { remoteJoin } from "../../../client/verbs/names.js";
import { globMatcher } from "../../../protocol/glob.js";
import { humanSize, isoTime } from "../../client/formatting.js";
import { listingLines } from "../../client/listing-lines.js";
import type { RemoteMatch } from "../../client/remote-glob.js";
import { usageError } from "../../errors.js";
import { remoteDirectory, remotePath } from "../completion/sources.js";
import { any, type CommandCall, optional, some } from "../declaration.js";
import { on, taking } from "../flag-words.js";
import { escapeHostile } from "../line/escapes.js";
import { about } from "../messages.js";
import type { ShellOutput } from "../output.js";
import { nameOf } from "../remote/place.js";
import { defineShellCommand, type Shell } from "../shell.js";
import { choicesText } from "../terminal/choices.js";
import { eachMatch, eachOf, matchesOf, onSession } from "./matches.js";
import { outputTerminal } from "./output-terminal.js";
import { sortedEntries } from "./sorted-entries.js";

const cd = defineShellCommand({
  name: "cd",
  group: "looking around",
  summary: "go to a directory of the server",
  details: "Without a directory: where the login led. `cd -` goes back to the one before.",
  examples: [
    ["cd /pub/linux", "an absolute path"],
    ["cd ..", "up"],
    ["cd -", "back"],
  ],
  operands: [optional("DIRECTORY", remoteDirectory)],
  connected: true,
  async run({ shell, operands: [where], job, signal }) {
    const { remote } = shell;
    const path =
      where === undefined ? remote.home : where.raw === "-" ? remote.previous : remote.resolve(where);
    await about(path, remote.changeDirectory(path, remote.sessions(job), signal));
  },
});

const pwd = defineShellCommand({
  name: "pwd",
  group: "looking around",
  summary: "where we are on the server",
  examples: [["pwd", "the directory"]],
  connected: true,
  async run({ shell, out }) {
    await out.write(`${escapeHostile(shell.remote.directory)}\n`);
  },
});

const LIST_FLAGS = {
  all: on("-a --all", "names that begin with a dot too"),
  recursive: on("-R --recursive", "folders in folders too"),
  human: on("-h --human", "sizes as 1.5 MiB instead of bytes"),
  time: on("-t", "newest first"),
  size: on("-S", "biggest first"),
  reverse: on("-r --reverse", "in reverse order"),
} as const;

const ls = defineShellCommand({
  name: "ls",
  aliases: ["dir", "ll"],
  group: "looking around",
  summary: "list files with sizes and times",
  details:
    "Times are local ones. Patterns are `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of folders.",
  examples: [
    ["ls", "this directory"],
    ["ls -t *.log", "logs, newest first"],
    ["ls -R docs | less", "all the way down, through a program of this machine"],
  ],
  flags: { ...LIST_FLAGS, names: on("-1", "nothing but names"), long: on("-l", "as it is anyway") },
  operands: [any("PATH", remotePath)],
  connected: true,
  run: (call) =>
    list(call, (entries) => listingLines(entries, call.flags, outputTerminal(call.shell.terminal, call.out))),
});

const cls = defineShellCommand({
  name: "cls",
  group: "looking around",
  summary: "list names in columns",
  examples: [
    ["cls", "this directory"],
    ["cls -a /etc", "names that begin with a dot too"],
  ],
  flags: { ...LIST_FLAGS, names: on("-1", "one in each line") },
  operands: [any("PATH", remotePath)],
  connected: true,
  run: (call) =>
    list(call, (entries) => {
      if (call.flags.names || !call.out.isTTY) {
        return listingLines(entries, { names: true }, outputTerminal(call.shell.terminal, call.out));
      }
      return columnsOf(entries, call.shell, call.out);
    }),
});

function columnsOf(entries: readonly FtpEntry[], { paint }: Shell, { columns }: ShellOutput): string {
  const labels = entries.map((entry) => ({ label: entry.name + MARKS[entry.type], entry }));
  return choicesText(labels, {
    columns,
    paint: (text, { entry }) => paint(text, entry),
    most: Number.POSITIVE_INFINITY,
  });
}

const MARKS = { directory: "/", link: "@", file: "", other: "" } as const;

type ListFlags = { readonly [Name in keyof typeof LIST_FLAGS]: boolean };
type ListCall = Omit<CommandCall<Shell>, "flags"> & { readonly flags: ListFlags };

async function list(call: ListCall, format: (entries: readonly FtpEntry[]) => string): Promise<void> {
  const { shell, operands, flags } = call;
  const { remote } = shell;
  const matches: readonly RemoteMatch[] =
    operands.length === 0 ? [{ path: remote.directory }] : await matchesOf(call, operands);
  const headed = matches.length > 1 || flags.recursive;
  await onSession(call, async (client) => {
    const seen = await parted(call, client, matches);
    const files = seen.flatMap(({ file }) => file ?? []);
    if (files.length > 0) await call.out.write(format(inOrder(files, flags)));
    await eachOf(
      call,
      seen,
      ({ path }) => path,
      async ({ path, file, missing }) => {
        if (missing !== undefined) throw missing;
        if (file === undefined) await listFolder(call, client, path, { format, headed, level: 0 });
      },
    );
  });
}

interface FolderListing {
  readonly format: (entries: readonly FtpEntry[]) => string;
  readonly headed: boolean;
  readonly level: number;
}

async function listFolder(call: ListCall, client: FtpClient, path: string, o: FolderListing): Promise<void> {
  const { flags, out, signal, shell } = call;
  const all: FtpEntry[] = [];
  for await (const entry of client.list(path, { hidden: flags.all, signal })) all.push(entry);
  shell.remote.seen(path, all);
  const entries = inOrder(
    all.filter(({ name }) => flags.all || !name.startsWith(".")),
    flags,
  );
  if (o.headed) await out.write(`${escapeHostile(path)}:\n`);
  await out.write(o.format(entries));
  if (o.headed && flags.recursive) await out.write("\n");
  if (!flags.recursive || o.level >= MOST_LEVELS) return;
  for (const { name, type } of entries) {
    if (type === "directory")
      await listFolder(call, client, remoteJoin(path, name), { ...o, level: o.level + 1 });
  }
}

function inOrder(entries: readonly FtpEntry[], { time, size, reverse }: ListFlags): readonly FtpEntry[] {
  return sortedEntries(entries, { sort: time ? "time" : size ? "size" : "name", reverse });
}

interface Seen {
  readonly path: string;
  /** What is no folder is listed by its path. */
  readonly file?: FtpEntry;
  /** Why it cannot be listed; the others can. */
  readonly missing?: unknown;
}

async function parted(
  { signal }: Pick<ListCall, "signal">,
  client: FtpClient,
  matches: readonly RemoteMatch[],
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const { path, entry: known } of matches) {
    try {
      const entry = known ?? (await statOf(client, matches.length, path, signal));
      if (entry === undefined || entry.type === "directory") seen.push({ path });
      else seen.push({ path, file: known === undefined ? { ...entry, name: nameOf(path) } : entry });
    } catch (missing) {
      signal.throwIfAborted();
      seen.push({ path, missing });
    }
  }
  return seen;
}

/** Undefined for the root alone: its listing tells soon enough. */
async function statOf(
  client: FtpClient,
  count: number,
  path: string,
  signal: AbortSignal,
): Promise<FtpEntry | undefined> {
  return count === 1 && path === "/" ? undefined : await client.stat(path, { signal });
}

const info = defineShellCommand({
  name: "stat",
  aliases: ["info"],
  group: "looking around",
  summary: "all that the server tells of a file or directory",
  examples: [["stat report.pdf", "its type, size, time, owner and rights"]],
  operands: [some("PATH", remotePath)],
  connected: true,
  async run(call) {
    await eachMatch(call, call.operands, async (client, { path }) => {
      const {
        name: _name,
        raw: _raw,
        precision: _precision,
        modified,
        created,
        mode,
        ...rest
      } = await client.stat(path, { signal: call.signal });
      const facts: Record<string, unknown> = {
        path,
        ...rest,
        modified: isoTime(modified),
        created: isoTime(created),
        mode: mode?.toString(8).padStart(4, "0"),
      };
      for (const [key, value] of Object.entries(facts)) {
        if (value !== undefined)
          await call.out.write(`${`${key}:`.padEnd(10)}${escapeHostile(String(value))}\n`);
      }
    });
  },
});

const size = defineShellCommand({
  name: "size",
  group: "looking around",
  summary: "bytes of files, as the server counts them",
  examples: [["size *.iso", "of each"]],
  operands: [some("FILE", remotePath)],
  connected: true,
  async run(call) {
    await eachMatch(call, call.operands, async (client, { path }) => {
      await call.out.write(`${await client.size(path, { signal: call.signal })}  ${escapeHostile(path)}\n`);
    });
  },
});

const du = defineShellCommand({
  name: "du",
  group: "looking around",
  summary: "how much is in folders, all the way down",
  examples: [
    ["du", "in this directory"],
    ["du -h *", "in each of its folders"],
  ],
  flags: { human: on("-h --human", "as 1.5 MiB instead of bytes") },
  operands: [any("DIRECTORY", remoteDirectory)],
  connected: true,
  async run(call) {
    const { remote } = call.shell;
    const sum = async (client: FtpClient, path: string): Promise<void> => {
      let bytes = 0;
      for await (const { entry } of below(client, path, call.signal)) {
        if (entry.type === "file") bytes += entry.size ?? 0;
      }
      await call.out.write(
        `${(call.flags.human ? humanSize(bytes) : String(bytes)).padStart(12)}  ${escapeHostile(path)}\n`,
      );
    };
    if (call.operands.length > 0) {
      await eachMatch(call, call.operands, async (client, { path, entry }) => {
        if (entry === undefined || entry.type === "directory") await sum(client, path);
      });
    } else await onSession(call, (client) => sum(client, remote.directory));
  },
});

const find = defineShellCommand({
  name: "find",
  group: "looking around",
  summary: "paths of all that is in a folder, all the way down",
  examples: [
    ["find docs", "everything in docs"],
    ["find -n '*.pdf'", "names that match a pattern, from here"],
  ],
  flags: {
    name: taking("-n --name", "PATTERN", (text) => text, "only names that match"),
    type: taking("--type", "f|d", fileType, "only files, or only directories"),
  },
  operands: [any("DIRECTORY", remoteDirectory)],
  connected: true,
  async run(call) {
    const { flags, out, shell } = call;
    const matches = flags.name === undefined ? () => true : globMatcher(flags.name);
    const show = async (client: FtpClient, root: string): Promise<void> => {
      for await (const { path, entry } of below(client, root, call.signal)) {
        if (!matches(entry.name) || (flags.type !== undefined && entry.type !== flags.type)) continue;
        const mark = entry.type === "directory" ? "/" : "";
        await out.write(`${shell.paint(escapeHostile(path + mark), entry)}\n`);
      }
    };
    if (call.operands.length > 0)
      await eachMatch(call, call.operands, (client, { path }) => show(client, path));
    else await onSession(call, (client) => show(client, shell.remote.directory));
  },
});

function fileType(text: string): "file" | "directory" {
  if (text === "f") return "file";
  if (text === "d") return "directory";
  throw usageError("find: --type is f for files or d for directories");
}

/** Everything below a directory; links are not followed. */
async function* below(
  client: FtpClient,
  root: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly path: string; readonly entry: FtpEntry }, void, undefined> {
  const left = [{ directory: root, level: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { directory, level } = next;
    const folders: string[] = [];
    const entries: FtpEntry[] = [];
    for await (const entry of client.list(directory, { hidden: true, signal })) entries.push(entry);
    for (const entry of sortedEntries(entries, { sort: "name" })) {
      const path = remoteJoin(directory, entry.name);
      yield { path, entry };
      if (entry.type === "directory" && level < MOST_LEVELS) folders.push(path);
    }
    // The first one comes next.
    for (const folder of folders.reverse()) left.push({ directory: folder, level: level + 1 });
  }
}

export const LOOKING = [cd, pwd, ls, cls, info, size, du, find];

/** `ferry tree`: a folder of a server with all that is in it. */
import type { Command } from "commander";
import type { FtpClient } from "../../client/client.js";
import { MOST_LEVELS } from "../../client/verbs/directories.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { remoteJoin } from "../../client/verbs/names.js";
import type { Run } from "../command.js";
import { usageError } from "../errors.js";
import { one } from "../flags.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import * as values from "../values.js";
import { type Paint, painter } from "./colours.js";
import { assertThere, entriesIn, entryObject, sorted } from "./entries.js";
import { humanSize, nameFor } from "./formatting.js";
import { atPath, shownUrl } from "./places.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import type { Failures } from "./reporting.js";
import { refuseFile, type Target, withTargets } from "./targets.js";

interface TreeFlags extends RemoteFlags {
  readonly all?: boolean;
  readonly directories?: boolean;
  readonly level?: number;
}

const EXAMPLES = `
Examples:
  ferry tree ftp://ftp.example.org/pub/
  ferry tree -L 2 --all ftp://anna@ftp.example.org/www`;

export function defineTree(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL...>", "folders")
    .option("-a, --all", "names that begin with a dot too")
    .option("-d, --directories", "nothing but folders")
    .addOption(one("-L, --level <number>", "folders below each other at most", values.count))
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command).action((urls: string[], flags: TreeFlags) => {
    const tree = new Tree(flags, terminal);
    const work = { flags, patterns: true, finish: () => tree.finish() };
    return run(withTargets(urls, work, terminal, (target, failures) => tree.draw(target, failures)));
  });
}

class Tree {
  readonly #flags: TreeFlags;
  readonly #terminal: Terminal;
  readonly #paint: Paint;
  #drawn = 0;
  #directories = 0;
  #files = 0;
  #bytes = 0;

  constructor(flags: TreeFlags, terminal: Terminal) {
    this.#flags = flags;
    this.#terminal = terminal;
    this.#paint = painter(terminal);
  }

  async draw(target: Target, failures: Failures): Promise<void> {
    const { client, path, shown, signal, place } = target;
    await refuseFile(target);
    const entry = place.url.folder ? undefined : (target.entry ?? (await client.stat(path, { signal })));
    if (entry?.type === "file") throw usageError(`${shown} is a file: \`ferry tree\` shows folders`);
    const listed = await this.#list(target, path);
    if (listed.length === 0) await assertThere(client, path, signal);
    this.#drawn++;
    this.#line(this.#paint(shown, { name: path, type: "directory" }));
    await this.#branches({ target, failures }, { path, listed, indent: "", level: 1 });
  }

  /** The totals. */
  async finish(): Promise<void> {
    if (this.#drawn === 0) return;
    const files = `${this.#files} ${this.#files === 1 ? "file" : "files"}`;
    const directories = `${this.#directories} ${this.#directories === 1 ? "folder" : "folders"}`;
    this.#line("");
    this.#line(
      this.#flags.directories === true ? directories : `${directories}, ${files}, ${humanSize(this.#bytes)}`,
    );
    await this.#terminal.output.drained();
  }

  async #branches(
    o: { readonly target: Target; readonly failures: Failures },
    { path, listed, indent, level }: Branch,
  ): Promise<void> {
    for (const [n, entry] of listed.entries()) {
      const last = n === listed.length - 1;
      const child = remoteJoin(path, entry.name);
      this.#count(entry);
      this.#line(`${indent}${last ? "└── " : "├── "}${this.#name(entry)}`, () => entryObject(child, entry));
      await this.#terminal.output.drained();
      if (entry.type !== "directory" || level >= (this.#flags.level ?? MOST_LEVELS)) continue;
      const below = await this.#listOrTell(o, child);
      await this.#branches(o, {
        path: child,
        listed: below,
        indent: `${indent}${last ? "    " : "│   "}`,
        level: level + 1,
      });
    }
  }

  /** A folder that may not be read does not end it. */
  async #listOrTell(
    { target, failures }: { readonly target: Target; readonly failures: Failures },
    path: string,
  ): Promise<FtpEntry[]> {
    try {
      return await this.#list(target, path);
    } catch (error) {
      failures.add(error, shownUrl(atPath(target.place, path).url));
      return [];
    }
  }

  async #list(
    { client, signal }: { readonly client: FtpClient; readonly signal: AbortSignal },
    path: string,
  ): Promise<FtpEntry[]> {
    const { all, directories } = this.#flags;
    const listed: { path: string; entry: FtpEntry }[] = [];
    for await (const entry of entriesIn(client, path, { all, signal })) {
      if (directories !== true || entry.type === "directory") listed.push({ path: entry.name, entry });
    }
    return sorted(listed, { sort: "name" }).map(({ entry }) => entry);
  }

  #count({ type, size = 0 }: FtpEntry): void {
    if (type === "directory") this.#directories++;
    else {
      this.#files++;
      this.#bytes += size;
    }
  }

  #name(entry: FtpEntry): string {
    const { output } = this.#terminal;
    const name = this.#paint(nameFor(output, entry.name), entry);
    return entry.target === undefined ? name : `${name} -> ${nameFor(output, entry.target)}`;
  }

  /** With `--json`, the object; what has none is for people only. */
  #line(text: string, object?: () => object): void {
    const { output } = this.#terminal;
    if (this.#flags.json !== true) output.write(`${text}\n`);
    else if (object !== undefined) output.write(jsonLine(object()));
  }
}

interface Branch {
  readonly path: string;
  readonly listed: readonly FtpEntry[];
  readonly indent: string;
  readonly level: number;
}

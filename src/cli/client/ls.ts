/** `ferry ls`: what is in folders of a server. */
import { type Command, Option } from "commander";
import { MOST_LEVELS } from "../../client/verbs/directories.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { remoteJoin } from "../../client/verbs/names.js";
import type { Run } from "../command.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import { assertThere, entriesIn, entryObject, SORT_ORDERS, type SortOrder, sorted } from "./entries.js";
import { nameFor } from "./formatting.js";
import { ListingFormat } from "./listing-lines.js";
import { atPath, shownUrl } from "./places.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import type { Failures } from "./reporting.js";
import { refuseFile, sayMissing, type Target, withTargets } from "./targets.js";

interface LsFlags extends RemoteFlags {
  readonly recursive?: boolean;
  readonly all?: boolean;
  readonly names?: boolean;
  readonly human?: boolean;
  readonly sort: SortOrder;
  readonly reverse?: boolean;
}

const EXAMPLES = `
Examples:
  ferry ls ftp://ftp.example.org/pub/
  ferry ls -R --json ftp://anna@ftp.example.org/www | jq .path
  ferry ls --sort time 'ftp://ftp.example.org/logs/*.gz'

Times are local; with --json they are UTC.`;

export function defineLs(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL...>", "folders, files or patterns, such as 'ftp://host/pub/*.txt'")
    .option("-R, --recursive", "folders in them too")
    .option("-a, --all", "names that begin with a dot too")
    .option("-1, --names", "nothing but names, one in each line; with -R, paths")
    .option("-h, --human", "sizes as 1.5 MiB instead of bytes")
    .addOption(
      new Option("--sort <order>", "size: biggest first; time: newest first; none: as they come")
        .choices(SORT_ORDERS)
        .default("name"),
    )
    .option("--reverse", "in reverse order")
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command).action((urls: string[], flags: LsFlags) => {
    const listing = new Listing(flags, terminal, urls.length > 1 || flags.recursive === true);
    const work = { flags, patterns: true, finish: () => listing.finish() };
    return run(withTargets(urls, work, terminal, (target, failures) => listing.add(target, failures)));
  });
}

/** Entries that are written together when they are not sorted. */
const BATCH = 500;

interface Listed {
  readonly path: string;
  readonly entry: FtpEntry;
}

class Listing {
  readonly #flags: LsFlags;
  readonly #terminal: Terminal;
  /** Whether a line says which folder it is. */
  readonly #headed: boolean;
  /** What is to be shown, as soon as all of it is known: what a pattern matches is one list. */
  readonly #files: Listed[] = [];
  readonly #folders: { readonly target: Target; readonly failures: Failures }[] = [];
  #begun = false;

  constructor(flags: LsFlags, terminal: Terminal, headed: boolean) {
    this.#flags = flags;
    this.#terminal = terminal;
    this.#headed = headed;
  }

  async add(target: Target, failures: Failures): Promise<void> {
    const { client, path, signal, place } = target;
    await refuseFile(target);
    const entry = place.url.folder ? undefined : (target.entry ?? (await client.stat(path, { signal })));
    if (entry !== undefined && entry.type !== "directory") {
      this.#files.push({ path, entry });
      return;
    }
    this.#folders.push({ target, failures });
  }

  /** What was asked for by its path is shown by it; folders come behind the files, as ls has them. */
  async finish(): Promise<void> {
    await this.#write(sorted(this.#files, this.#flags), ({ path }) => path);
    for (const { target, failures } of this.#folders) {
      const headed = this.#headed || target.entry !== undefined;
      try {
        await this.#folder(target, target.path, failures, { headed, level: 0 });
      } catch (error) {
        failures.add(await sayMissing(error, target), target.shown);
      }
    }
  }

  async #folder(
    target: Target,
    path: string,
    failures: Failures,
    { headed, level }: { readonly headed: boolean; readonly level: number },
  ): Promise<void> {
    const folders = await this.#content(target, path, headed);
    if (this.#flags.recursive !== true || level >= MOST_LEVELS) return;
    for (const folder of folders) {
      try {
        await this.#folder(target, folder, failures, { headed: true, level: level + 1 });
      } catch (error) {
        failures.add(error, shownUrl(atPath(target.place, folder).url));
      }
    }
  }

  /** Writes one folder. @returns The folders in it */
  async #content({ client, signal }: Target, path: string, headed: boolean): Promise<string[]> {
    const { sort, all, recursive, names } = this.#flags;
    const folders: string[] = [];
    const shown = ({ path, entry }: Listed): string =>
      recursive === true && names === true ? path : entry.name;
    let entries: Listed[] = [];
    let begun = false;
    const write = async (): Promise<void> => {
      if (!begun && headed) this.#header(path);
      begun = true;
      const some = sorted(entries, this.#flags);
      entries = [];
      for (const { path, entry } of some) if (entry.type === "directory") folders.push(path);
      await this.#write(some, shown);
    };
    for await (const entry of entriesIn(client, path, { all, signal })) {
      entries.push({ path: remoteJoin(path, entry.name), entry });
      if (sort === "none" && entries.length >= BATCH) await write();
    }
    if (entries.length === 0 && !begun) await assertThere(client, path, signal);
    await write();
    return folders;
  }

  #header(path: string): void {
    if (this.#flags.json === true || this.#flags.names === true) return;
    const { output } = this.#terminal;
    output.write(`${this.#begun ? "\n" : ""}${nameFor(output, path === "" ? "." : path)}:\n`);
    this.#begun = true;
  }

  async #write(listed: readonly Listed[], shown: (listed: Listed) => string): Promise<void> {
    const { output } = this.#terminal;
    this.#begun ||= listed.length > 0;
    const named = listed.map((each) => ({ ...each.entry, name: shown(each) }));
    const format = new ListingFormat(named, this.#flags, this.#terminal);
    for (let from = 0; from < listed.length; from += BATCH) {
      const to = from + BATCH;
      output.write(
        this.#flags.json === true
          ? listed
              .slice(from, to)
              .map(({ path, entry }) => jsonLine(entryObject(path, entry)))
              .join("")
          : format.lines(named.slice(from, to)),
      );
      await output.drained();
    }
  }
}

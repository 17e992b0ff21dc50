/** `ferry mirror`: makes a folder here like one on a server, or the other way round. */
import { type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { Option } from "commander";
import type { FtpClient } from "../../client/client.js";
import { FtpLocalError } from "../../client/errors.js";
import { mirror as mirrorFolders } from "../../client/mirror/mirror.js";
import type { MirrorOptions } from "../../client/mirror/options.js";
import { escapeHostile } from "../../protocol/text.js";
import type { DefineCommand } from "../command.js";
import { type CliError, type ExitCode, failure, systemReason, usageError } from "../errors.js";
import { several } from "../flags.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { openPool } from "./connection.js";
import { fileError, isFile } from "./folders.js";
import { MirrorReport } from "./mirror-report.js";
import { assertBookmarks, findPlace, isRemote, type RemotePlace, shownUrl } from "./places.js";
import { progressDisplay } from "./progress-display.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import { asReported } from "./reporting.js";
import { addParallelFlag, isSilent, USUAL_PARALLEL } from "./transfer-flags.js";

export interface MirrorFlags extends RemoteFlags {
  readonly parallel?: number;
  readonly delete?: boolean;
  readonly dryRun?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly compare?: "time" | "size" | "hash";
  readonly symlinks?: "skip" | "follow" | "copy";
  readonly verify?: boolean;
  readonly keepTimes?: boolean;
  readonly journal?: string;
}

const HELP = `
One of SOURCE and TARGET is a URL. What is in SOURCE comes into TARGET; nothing is moved that is there already.
Patterns match a name, or the whole path from SOURCE; "*" goes over slashes too. Of a folder that cannot be
listed nothing is removed, and nothing at all after a file has failed.

Examples:
  ferry mirror dist ftp://anna@ftp.example.org/www --delete --exclude '*.map'
  ferry mirror ftp://ftp.example.org/pub/data data -P 8 --dry-run
  ferry mirror ftp://anna@ftp.example.org/ backup --compare hash --verify --journal backup.journal`;

export const defineMirror: DefineCommand = (command, terminal, run) => {
  addParallelFlag(
    command
      .argument("<SOURCE>", "folder or URL")
      .argument("<TARGET>", "URL or folder")
      .option("--delete", "remove from TARGET what SOURCE lacks")
      .option("--dry-run", "only say what would be done")
      .addOption(several("--include <pattern>", "only files that match; again for more", String))
      .addOption(
        several("--exclude <pattern>", "nothing that matches, and nothing below it; again for more", String),
      )
      .addOption(
        new Option("--compare <by>", "when a file of the same size is moved again (default: time)").choices([
          "time",
          "size",
          "hash",
        ]),
      )
      .addOption(
        new Option("--symlinks <how>", "links of SOURCE (default: skip)").choices(["skip", "follow", "copy"]),
      ),
  )
    .option("--verify", "compare each file after its transfer, by digest or size")
    .option("--keep-times", "files get the time of their source (default)")
    .option("--no-keep-times", "files get the present time")
    .option("--journal <file>", "keep there what is done; the same command goes on after any break");
  addRemoteFlags(command)
    .addHelpText("after", HELP)
    .action((source: string, target: string, flags: MirrorFlags) =>
      run(mirror(source, target, flags, terminal)),
    );
};

/** @throws CliError */
export async function mirror(
  source: string,
  target: string,
  flags: MirrorFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const { direction, place, local, typed } = await sidesOf(source, target, terminal);
  checkFolder(local, typed);
  const display = progressDisplay(terminal, { silent: isSilent(flags) });
  const connections = flags.parallel ?? USUAL_PARALLEL;
  const report = new MirrorReport(display, { flags, direction, remote: place.path });
  try {
    return await interruptible(terminal, async (signal) => {
      await using remote = await openPool(place, { ...flags, connections }, terminal, signal);
      await remote.pool.run((client) => checkRemoteFolder(client, place, signal), { signal });
      display.status?.("comparing both sides");
      const told = report.listeners();
      const o = optionsOf(flags, terminal, { direction, remote: place.path, local, signal });
      return report.finish(await mirrorFolders(remote.pool, { ...o, ...told }));
    });
  } catch (error) {
    report.stopped();
    throw asReported(error, subjectOf(error, { typed, place, journal: flags.journal }));
  } finally {
    display.close();
  }
}

function subjectOf(
  error: unknown,
  o: { readonly typed: string; readonly place: RemotePlace; readonly journal: string | undefined },
): string {
  if (!(error instanceof FtpLocalError)) return shownUrl(o.place.url);
  return error.message.startsWith("the journal") ? (o.journal ?? o.typed) : o.typed;
}

function optionsOf(
  flags: MirrorFlags,
  { workingDirectory }: Terminal,
  sides: Pick<MirrorOptions, "direction" | "remote" | "local" | "signal">,
): MirrorOptions {
  const {
    delete: remove,
    dryRun,
    include,
    exclude,
    compare,
    symlinks,
    verify,
    keepTimes,
    retries,
    journal,
  } = flags;
  return {
    ...sides,
    ...(remove !== undefined && { delete: remove }),
    ...(dryRun !== undefined && { dryRun }),
    ...(include !== undefined && { include }),
    ...(exclude !== undefined && { exclude }),
    ...(compare !== undefined && { compare }),
    ...(symlinks !== undefined && { symlinks }),
    ...(verify !== undefined && { verify }),
    ...(keepTimes !== undefined && { keepTimes }),
    ...(retries !== undefined && { retries }),
    ...(journal !== undefined && { journal: resolve(workingDirectory, journal) }),
  };
}

interface Sides {
  readonly direction: MirrorOptions["direction"];
  readonly place: RemotePlace;
  /** Absolute. */
  readonly local: string;
  /** The same as the user wrote it. */
  readonly typed: string;
}

async function sidesOf(source: string, target: string, terminal: Terminal): Promise<Sides> {
  const [down, up] = [await isRemote(source, terminal), await isRemote(target, terminal)];
  if (down && up)
    throw usageError("from server to server is not offered: mirror to this machine first, then from it");
  if (!down && !up) await assertBookmarks([source, target], terminal);
  if (!down && !up)
    throw usageError("one of SOURCE and TARGET is to be a URL, as in `ferry mirror dist ftp://host/www`");
  const typed = down ? target : source;
  return {
    direction: down ? "download" : "upload",
    place: await findPlace(down ? source : target, terminal),
    local: resolve(terminal.workingDirectory, typed),
    typed,
  };
}

function checkFolder(path: string, typed: string): void {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw failure(`cannot look at ${escapeHostile(typed)}: ${systemReason(error)}`, error);
  }
  if (found !== undefined && !found.isDirectory()) throw noFolder(typed);
}

async function checkRemoteFolder(
  client: FtpClient,
  { url, path }: RemotePlace,
  signal: AbortSignal,
): Promise<void> {
  if (!(await isFile(client, path, signal))) return;
  throw url.folder ? fileError(shownUrl(url)) : noFolder(shownUrl(url));
}

function noFolder(shown: string): CliError {
  return failure(`${escapeHostile(shown)} is a file: mirror makes folders alike`);
}

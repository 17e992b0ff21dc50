/** `ferry rm`: removes files of a server, and folders with `-r`. */
import type { Command } from "commander";
import { type FtpError, FtpNotFoundError, FtpReplyError } from "../../client/errors.js";
import type { Run } from "../command.js";
import { CliError, usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { tellDone } from "./actions.js";
import { nameFor } from "./formatting.js";
import { atPath, shownUrl } from "./places.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import type { Failures } from "./reporting.js";
import { refusedAsFolder, refuseFile, type Target, withTargets } from "./targets.js";

interface RmFlags extends RemoteFlags {
  readonly recursive?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  ferry rm ftp://anna@ftp.example.org/old.txt
  ferry rm -r ftp://anna@ftp.example.org/www/old/
  ferry rm --dry-run 'ftp://anna@ftp.example.org/logs/**/*.tmp'

A name on the server that is the same as the pattern goes before what the pattern matches; quote patterns, so
that your shell leaves them alone. Links are removed, not followed.`;

export function defineRm(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL...>", "files, folders or patterns")
    .option("-r, --recursive", "folders too, with all that is in them")
    .option("-f, --force", "what is not there is no error")
    .option("-n, --dry-run", "only print what would be removed")
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command).action((urls: string[], flags: RmFlags) => {
    const removing = async (target: Target, failures: Failures): Promise<void> => {
      try {
        await remove(target, failures, flags, terminal);
      } catch (error) {
        if (flags.force !== true || !(await isGone(error, target))) throw error;
      }
    };
    const { force } = flags;
    return run(withTargets(urls, { flags, patterns: true, mayBeNone: force === true }, terminal, removing));
  });
}

async function remove(target: Target, failures: Failures, flags: RmFlags, terminal: Terminal): Promise<void> {
  const { path } = target;
  if (/(?:^|\/)\.{0,2}$/.test(path))
    throw usageError(`${target.shown}: such a folder is never removed; name one in it`);
  const folder = await isFolder(target, flags);
  if (folder && flags.recursive !== true) throw isAFolder(target);
  if (flags.dryRun === true && flags.json !== true) {
    const { output } = terminal;
    output.write(`would remove ${nameFor(output, path)}${folder ? "/" : ""}\n`);
    return;
  }
  if (flags.dryRun !== true) {
    const removed = folder ? await removeFolder(target, failures) : await removeFile(target);
    if (!removed) return;
  }
  tellDone({ action: folder ? "remove-directory" : "remove", path }, terminal, flags);
}

/** Asked for only where it matters: it costs a command. */
async function isFolder(target: Target, flags: RmFlags): Promise<boolean> {
  const { client, path, place, entry, signal } = target;
  if (entry !== undefined) return entry.type === "directory";
  await refuseFile(target);
  if (place.url.folder) return true;
  if (flags.recursive !== true && flags.dryRun !== true) return false;
  return (await client.stat(path, { signal })).type === "directory";
}

/** @returns Whether all of it is gone; what the server does not let go is told, and the rest removed all the same */
async function removeFolder({ client, path, place, signal }: Target, failures: Failures): Promise<boolean> {
  let removed = true;
  const onRefused = (error: FtpError, below: string): void => {
    removed = false;
    failures.add(error, shownUrl(atPath(place, below).url));
  };
  await client.removeDirectory(path, { recursive: true, onRefused, signal });
  return removed;
}

async function removeFile(target: Target): Promise<true> {
  const { client, path, signal } = target;
  try {
    await client.remove(path, { signal });
    return true;
  } catch (error) {
    throw (await refusedAsFolder(error, target)) ? isAFolder(target) : error;
  }
}

function isAFolder({ shown }: Target): CliError {
  return new CliError(1, "ERR_FERRY_IS_FOLDER", `${shown} is a folder: -r removes it with all that is in it`);
}

async function isGone(error: unknown, { client, path, signal }: Target): Promise<boolean> {
  if (error instanceof FtpNotFoundError) return true;
  return error instanceof FtpReplyError && !(await client.exists(path, { signal }));
}

/** Folders made alike, and compared: mirror, verify. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { mirror as mirrorFolders } from "../../../client/mirror/mirror.js";
import { verify as verifyFiles } from "../../../client/verify/verify.js";
import { MirrorReport } from "../../client/mirror-report.js";
import { tellAll, tellFile } from "../../client/verify.js";
import { usageError } from "../../errors.js";
import { ValueError } from "../../values.js";
import { localPath, remotePath } from "../completion/sources.js";
import { AlreadyTold, optional, some } from "../declaration.js";
import { listing, on, taking } from "../flag-words.js";
import type { Word } from "../line/tokens.js";
import { about } from "../messages.js";
import { nameOf } from "../remote/place.js";
import { defineShellCommand, type Shell } from "../shell.js";
import { moving } from "./moving.js";
import { outputTerminal } from "./output-terminal.js";

const mirror = defineShellCommand({
  name: "mirror",
  group: "transfers",
  summary: "make a folder here like one on the server, or with -R the other way",
  details:
    "Files that differ in size, or are newer in the source, are moved; with -e what the source lacks is removed from the target.",
  examples: [
    ["mirror docs", "the server's docs to ./docs here"],
    ["mirror -R dist /www", "dist from here to /www there"],
    ["mirror -e -n docs backup", "what would be done, removals too"],
  ],
  flags: {
    reverse: on("-R --reverse", "from here to the server"),
    delete: on("-e --delete", "remove from the target what the source lacks"),
    dryRun: on("-n --dry-run", "only show what would be done"),
    include: listing("-i --include", "PATTERN", (text) => text, "only files that match; again for more"),
    exclude: listing("-x --exclude", "PATTERN", (text) => text, "nothing that matches; again for more"),
    compare: taking("--compare", "time|size|hash", comparison, "what tells that files differ"),
    verbose: on("-v --verbose", "a line for each file, not only bars"),
    verify: on("--verify", "compare digests afterwards, or sizes"),
    follow: on("-L --dereference", "take links for what they lead to"),
  },
  operands: [optional("SOURCE", remotePath), optional("TARGET", localPath)],
  connected: true,
  async run(call) {
    const { shell, flags, job, signal } = call;
    const { remote, local, settings } = shell;
    const [source, target] = call.operands;
    const [there, here] = flags.reverse ? [target, source] : [source, target];
    const remoteRoot = there === undefined ? remoteBeside(shell, here) : remote.resolve(there);
    const localRoot = here === undefined ? localBeside(shell, there, remoteRoot) : local.resolve(here);
    const { quiet, retries, verify: always } = settings.values;
    const direction = flags.reverse ? "upload" : "download";
    await moving(call, async (display) => {
      const said = { dryRun: flags.dryRun, ...(quiet !== undefined && { quiet }) };
      const report = new MirrorReport(display, { flags: said, direction, remote: remoteRoot });
      // A person sees bars.
      display.silentLines = shell.interactive && call.out.isTTY && !flags.verbose && !flags.dryRun;
      try {
        const mirrored = mirrorFolders(remote.sessions(job), {
          direction,
          remote: remoteRoot,
          local: localRoot,
          compare: flags.compare ?? "time",
          delete: flags.delete,
          dryRun: flags.dryRun,
          verify: flags.verify || always === true,
          symlinks: flags.follow ? "follow" : "skip",
          ...(flags.include.length > 0 && { include: flags.include }),
          exclude: flags.exclude,
          ...(retries !== undefined && { retries }),
          signal,
          ...report.listeners(),
        });
        const result = await about(remoteRoot, mirrored, here?.text ?? localRoot);
        display.silentLines = false;
        return report.finish(result) === 0;
      } catch (error) {
        report.stopped();
        throw error;
      } finally {
        remote.changed();
      }
    });
  },
});

function comparison(text: string): "time" | "size" | "hash" {
  if (text === "time" || text === "size" || text === "hash") return text;
  throw new ValueError("expected time, size or hash");
}

/** As `cp -r` has it: a folder of that name in the directory where we are; of the directory itself, right there. */
function localBeside({ local, remote }: Shell, there: Word | undefined, root: string): string {
  const name = there === undefined || root === remote.directory ? "" : nameOf(root);
  return name === "" ? local.directory : join(local.directory, name);
}

function remoteBeside({ local, remote }: Shell, here: Word | undefined): string {
  const name =
    here === undefined || local.resolve(here) === local.directory ? "" : nameOf(local.resolve(here));
  return remote.resolve({ text: name === "" ? "." : name, tilde: false });
}

const verify = defineShellCommand({
  name: "verify",
  group: "transfers",
  summary: "compare files or folders here with those on the server",
  details: "By the best digest that both sides know, else by size.",
  examples: [
    ["verify big.iso", "with ./big.iso here"],
    ["verify /www dist", "all files of two folders"],
  ],
  operands: [some("REMOTE", remotePath), optional("LOCAL", localPath)],
  connected: true,
  async run(call) {
    const { shell, operands, job, out, signal } = call;
    if (operands.length > 2) throw usageError("verify takes REMOTE and LOCAL. See `help verify`");
    const [there, here] = operands as [Word, Word | undefined];
    const path = shell.remote.resolve(there);
    const local =
      here === undefined ? join(shell.local.directory, nameOf(path)) : await besideLocal(shell, here, path);
    const terminal = outputTerminal(shell.terminal, out);
    const verified = verifyFiles(shell.remote.sessions(job), path, local, {
      signal,
      onFile: (file) => tellFile(file, {}, terminal),
    });
    const { equal, files } = await about(path, verified, here?.text ?? local);
    tellAll(files, {}, terminal);
    await terminal.output.drained();
    if (!equal) throw new AlreadyTold();
  },
});

/** A folder here stands for the file of that name in it, when a file is compared; a folder with a folder. */
async function besideLocal({ local, remote }: Shell, here: Word, path: string): Promise<string> {
  const place = local.resolve(here);
  if (!here.text.endsWith("/")) return place;
  const inside = join(place, nameOf(path));
  const there = await stat(inside).catch(() => undefined);
  return there?.isFile() === true && path !== remote.directory ? inside : place;
}

export const MIRROR = [mirror, verify];

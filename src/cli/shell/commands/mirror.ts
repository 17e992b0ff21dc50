/** Folders made alike, and compared: mirror, verify. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FtpError } from "../../../client/errors.js";
import { mirror as mirrorFolders } from "../../../client/mirror/mirror.js";
import { verify as verifyFiles } from "../../../client/verify/verify.js";
import { countText, movedText } from "../../client/quantities.js";
import { describe } from "../../client/reporting.js";
import { usageError } from "../../errors.js";
import { ValueError } from "../../values.js";
import { localPath, remotePath } from "../completion/sources.js";
import { AlreadyTold, optional, some } from "../declaration.js";
import { listing, on, taking } from "../flag-words.js";
import { escapeHostile } from "../line/escapes.js";
import type { Word } from "../line/tokens.js";
import { nameOf } from "../remote/place.js";
import { defineShellCommand, type Shell } from "../shell.js";
import { MirrorProgress } from "./mirror-progress.js";
import { moving } from "./moving.js";

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
    verify: on("--verify", "compare digests afterwards, or sizes"),
    follow: on("-L --dereference", "take links for what they lead to"),
  },
  operands: [optional("SOURCE", remotePath), optional("TARGET", localPath)],
  connected: true,
  async run(call) {
    const { shell, flags, job, out, signal } = call;
    const { remote, local, settings } = shell;
    const [source, target] = call.operands;
    const [there, here] = flags.reverse ? [target, source] : [source, target];
    const remoteRoot = there === undefined ? remoteBeside(shell, here) : remote.resolve(there);
    const localRoot = here === undefined ? localBeside(shell, there, remoteRoot) : local.resolve(here);
    await moving(call, async (display) => {
      const progress = new MirrorProgress(display, remoteRoot);
      const began = performance.now();
      try {
        const { actions, failed, bytes, postponed } = await mirrorFolders(remote.sessions(job), {
          direction: flags.reverse ? "upload" : "download",
          remote: remoteRoot,
          local: localRoot,
          compare: flags.compare ?? "time",
          delete: flags.delete,
          dryRun: flags.dryRun,
          verify: flags.verify || settings.values.verify === true,
          symlinks: flags.follow ? "follow" : "skip",
          ...(flags.include.length > 0 && { include: flags.include }),
          exclude: flags.exclude,
          ...(settings.values.retries !== undefined && { retries: settings.values.retries }),
          signal,
          ...progress.options,
        });
        if (flags.dryRun) {
          for (const { kind, path } of actions) await out.write(`${WOULD[kind]} ${escapeHostile(path)}\n`);
          return failed === 0;
        }
        const done = actions.length - failed;
        if (postponed.length > 0)
          display.message(`${countText(postponed.length, "removal")} left undone: something failed before`);
        display.note(
          done === 0 && failed === 0
            ? "nothing to do"
            : `${countText(done, "change")}, ${movedText(bytes, performance.now() - began)}`,
        );
        if (failed > 0) display.message(`${failed} of ${actions.length} failed`);
        return failed === 0;
      } finally {
        remote.changed();
      }
    });
  },
});

const WOULD = {
  list: "cannot list",
  "make-directory": "make directory",
  transfer: "transfer",
  link: "link",
  remove: "remove",
  "remove-directory": "remove directory",
} as const;

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
    const { equal, files } = await verifyFiles(shell.remote.sessions(job), path, local, { signal });
    for (const file of files) {
      if (file.equal) continue;
      const why =
        file.by === "presence"
          ? `missing ${file.missing === "local" ? "here" : "there"}`
          : file.by === "error"
            ? errorText(file.error)
            : `${file.by} differs`;
      await out.write(`${escapeHostile(file.path)}: ${escapeHostile(why)}\n`);
    }
    const how = [...new Set(files.flatMap((file) => (file.equal ? [file.by] : [])))].join(", ");
    if (!equal) throw new AlreadyTold();
    await out.write(`${countText(files.length, "file")} the same${how === "" ? "" : ` (${how})`}\n`);
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

function errorText(error: Error): string {
  return error instanceof FtpError ? describe(error) : error.message;
}

export const MIRROR = [mirror, verify];

/** Files from the server and to it: get, put. */
import { Downloads } from "../../client/downloads.js";
import { FileMoves, type Naming } from "../../client/file-moves.js";
import { localPlace } from "../../client/local-target.js";
import { movingOptions, sessions } from "../../client/transfer-flags.js";
import { Uploads } from "../../client/uploads.js";
import { usageError } from "../../errors.js";
import { localPath, remotePath } from "../completion/sources.js";
import { some } from "../declaration.js";
import { taking } from "../flag-words.js";
import { expandLocal } from "../local-glob.js";
import { defineShellCommand } from "../shell.js";
import { localText, MOVING_FLAGS, moving, remoteFolder, remotePlace, transferFlags } from "./moving.js";

const get = defineShellCommand({
  name: "get",
  aliases: ["mget"],
  group: "transfers",
  summary: "download files and folders to this machine",
  details:
    "They go to the local directory (`lpwd`), or where -o says. A file that is there is replaced when all of the new one has come; until then it is in NAME.part.",
  examples: [
    ["get report.pdf", "one file"],
    ["get -c *.iso -o ~/isos/", "continue what broke off, in another directory"],
    ["get -r photos &", "a folder, behind the prompt"],
    ["get --segments 4 big.iso", "one file over four connections"],
  ],
  flags: {
    output: taking("-o --output", "LOCAL", (text) => text, "another name, or a folder", localPath),
    ...MOVING_FLAGS,
    segments: taking("--segments", "N", sessions, "connections for each file, for big ones far away"),
  },
  operands: [some("REMOTE", remotePath)],
  connected: true,
  async run(call) {
    const { shell, operands, job, signal } = call;
    const flags = transferFlags(call);
    const { output, segments } = call.flags;
    const target = await localPlace(
      output === undefined ? undefined : localText(output, shell),
      shell.local.directory,
    );
    if (target.kind === "output") throw usageError("get -o takes a file or folder; `cat` shows a file");
    await moving(call, async (display, terminal) => {
      const moves = new FileMoves(display, movingOptions(flags, signal));
      const all = { ...flags, ...(segments !== undefined && { segments }) };
      const downloads = new Downloads({
        ...{ flags: all, target, terminal, display, moves, signal },
        naming: namedByPath,
      });
      const pool = async () => shell.remote.sessions(job);
      for (const word of operands) await downloads.add(remotePlace(shell, word), pool);
      await moves.run(await downloads.plan());
      return moves.finish() === 0;
    });
  },
});

/** There is one server only. */
const namedByPath: Naming = (_place, path) => path;

const put = defineShellCommand({
  name: "put",
  aliases: ["mput"],
  group: "transfers",
  summary: "upload files and folders to the server",
  details: "They go to the server's directory (`pwd`), or where -o says.",
  examples: [
    ["put report.pdf", "one file"],
    ["put *.jpg -o photos/", "into a folder, which is made when it is missing"],
    ["put -r dist &", "a folder, behind the prompt"],
  ],
  flags: {
    output: taking("-o --output", "REMOTE", (text) => text, "another name, or a folder", remotePath),
    ...MOVING_FLAGS,
  },
  operands: [some("LOCAL", localPath)],
  connected: true,
  async run(call) {
    const { shell, job, signal } = call;
    const flags = transferFlags(call);
    const { output } = call.flags;
    const place =
      output === undefined
        ? remoteFolder(shell)
        : remotePlace(shell, { text: output, tilde: /^~(?:\/|$)/.test(output), pattern: undefined });
    const locals = await expandLocal(call.operands, shell.local);
    if (locals.includes("-"))
      throw usageError("put - reads no standard input in the shell: use `ferry put - URL`");
    await moving(call, async (display, terminal) => {
      const moves = new FileMoves(display, movingOptions(flags, signal));
      const uploads = new Uploads({
        flags,
        place,
        pool: shell.remote.sessions(job),
        terminal,
        display,
        moves,
        naming: namedByPath,
        signal,
      });
      try {
        await moves.run(await uploads.plan(locals));
      } finally {
        shell.remote.changed();
      }
      return moves.finish() === 0;
    });
  },
});

export const TRANSFERS = [get, put];

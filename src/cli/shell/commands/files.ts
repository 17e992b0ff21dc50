/** Files of the server, changed: rm, rmdir, mkdir, mv, chmod, touch. */
import type { FtpClient } from "../../../client/client.js";
import { type FtpError, FtpNotFoundError } from "../../../client/errors.js";
import { remoteJoin } from "../../../client/verbs/names.js";
import { CliError, failure } from "../../errors.js";
import { checked } from "../../flags.js";
import { ValueError } from "../../values.js";
import { nothing, remoteDirectory, remotePath } from "../completion/sources.js";
import { type CommandCall, one, some } from "../declaration.js";
import { on } from "../flag-words.js";
import { escapeHostile } from "../line/escapes.js";
import type { Word } from "../line/tokens.js";
import { asShellError } from "../messages.js";
import { nameOf } from "../remote/place.js";
import { defineShellCommand, type Shell } from "../shell.js";
import { eachMatch, eachOf, matchesOf, onSession } from "./matches.js";

const rm = defineShellCommand({
  name: "rm",
  aliases: ["del", "delete", "mrm"],
  group: "changing files",
  summary: "remove files; with -r folders and all that is in them",
  examples: [
    ["rm old.log", "one file"],
    ["rm -r build", "a folder with all that is in it"],
    ["rm -f *.tmp", "and nothing is wrong when there are none"],
  ],
  flags: {
    recursive: on("-r --recursive", "folders with all that is in them"),
    force: on("-f --force", "no complaint about what is not there"),
  },
  operands: [some("PATH", remotePath)],
  connected: true,
  async run(call) {
    const { flags, signal } = call;
    try {
      await eachMatch(call, call.operands, async (client, { path, entry }) => {
        try {
          const { type } =
            entry ?? (flags.recursive ? await client.stat(path, { signal }) : { type: "file" });
          if (type === "directory" && flags.recursive) await removeTree(call, client, path);
          else await client.remove(path, { signal });
        } catch (error) {
          if (!(flags.force && (await isGone(error, () => client.exists(path, { signal }))))) throw error;
        }
      });
    } catch (error) {
      if (!(flags.force && error instanceof Error && "code" in error && error.code === "ERR_FERRY_NO_MATCH"))
        throw error;
    } finally {
      call.shell.remote.changed();
    }
  },
});

/** What the server does not let go is told, and the rest removed all the same. @throws CliError when there was such */
async function removeTree(
  { shell, signal }: Pick<CommandCall<Shell>, "shell" | "signal">,
  client: FtpClient,
  path: string,
): Promise<void> {
  let refused = 0;
  const onRefused = (error: FtpError, below: string): void => {
    refused++;
    const reported = asShellError(error, below);
    if (reported instanceof CliError) shell.screen.note(escapeHostile(reported.message));
  };
  await client.removeDirectory(path, { recursive: true, onRefused, signal });
  if (refused > 0) throw failure(`${escapeHostile(path)}: not all of it could be removed`);
}

async function isGone(error: unknown, exists: () => Promise<boolean>): Promise<boolean> {
  return error instanceof FtpNotFoundError || !(await exists().catch(() => true));
}

const rmdir = defineShellCommand({
  name: "rmdir",
  group: "changing files",
  summary: "remove empty directories",
  examples: [["rmdir old", "when nothing is in it; `rm -r` removes what is"]],
  operands: [some("DIRECTORY", remoteDirectory)],
  connected: true,
  async run(call) {
    await eachMatch(call, call.operands, (client, { path }) =>
      client.removeDirectory(path, { signal: call.signal }),
    );
    call.shell.remote.changed();
  },
});

const mkdir = defineShellCommand({
  name: "mkdir",
  group: "changing files",
  summary: "make directories",
  examples: [
    ["mkdir photos", "one"],
    ["mkdir -p 2026/11/20", "with those above it; and it may be there already"],
  ],
  flags: { parents: on("-p --parents", "those above it too, and it may be there already") },
  operands: [some("DIRECTORY", remoteDirectory)],
  connected: true,
  async run(call) {
    const { shell, flags, signal } = call;
    await onSession(call, (client) =>
      eachOf(
        call,
        call.operands,
        ({ text }) => text,
        (word) => client.makeDirectory(shell.remote.resolve(word), { recursive: flags.parents, signal }),
      ),
    );
    shell.remote.changed();
  },
});

const mv = defineShellCommand({
  name: "mv",
  aliases: ["ren", "rename"],
  group: "changing files",
  summary: "rename or move on the server",
  details: "When the last path is a directory, or there are several before it, they are moved into it.",
  examples: [
    ["mv draft.txt final.txt", "another name"],
    ["mv *.log archive/", "into a directory"],
  ],
  operands: [some("FROM", remotePath), one("TO", remotePath)],
  connected: true,
  async run(call) {
    const { operands, shell, signal } = call;
    const to = operands.at(-1) as Word;
    const target = shell.remote.resolve(to);
    const matches = await matchesOf(call, operands.slice(0, -1));
    await onSession(call, async (client) => {
      const folder = to.text.endsWith("/") || (await isDirectory(target));
      if (matches.length > 1 && !folder)
        throw failure(`mv: ${escapeHostile(to.text)} is no directory, and several are to go there`);
      await eachOf(
        call,
        matches,
        ({ path }) => path,
        ({ path }) => client.rename(path, folder ? remoteJoin(target, nameOf(path)) : target, { signal }),
      );

      async function isDirectory(path: string): Promise<boolean> {
        try {
          return (await client.stat(path, { signal })).type === "directory";
        } catch (error) {
          if (error instanceof FtpNotFoundError) return false;
          throw error;
        }
      }
    });
    shell.remote.changed();
  },
});

const chmod = defineShellCommand({
  name: "chmod",
  group: "changing files",
  summary: "change the rights of files",
  examples: [["chmod 644 *.html", "all may read, the owner may write"]],
  operands: [one("MODE", nothing), some("PATH", remotePath)],
  connected: true,
  async run(call) {
    const [mode, ...paths] = call.operands;
    const bits = checked("chmod", mode?.text ?? "", octal);
    await eachMatch(call, paths, (client, { path }) => client.setMode(path, bits, { signal: call.signal }));
  },
});

function octal(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw new ValueError("expected three or four octal digits, such as 644");
}

const touch = defineShellCommand({
  name: "touch",
  group: "changing files",
  summary: "give files the present time; make empty ones where there are none",
  examples: [["touch done", "an empty file, or a new time for one"]],
  operands: [some("FILE", remotePath)],
  connected: true,
  async run(call) {
    const { shell, signal } = call;
    await onSession(call, (client) =>
      eachOf(
        call,
        call.operands,
        ({ text }) => text,
        async (word) => {
          const path = shell.remote.resolve(word);
          if (await client.exists(path, { signal }))
            await client.setTimes(path, { modified: Date.now() }, { signal });
          else await client.upload(new Uint8Array(), path, { signal });
        },
      ),
    );
    shell.remote.changed();
  },
});

export const FILES = [rm, rmdir, mkdir, mv, chmod, touch];

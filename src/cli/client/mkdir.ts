/** `ferry mkdir` and `ferry rmdir`: folders of a server made, and removed when they are empty. */
import type { Command } from "commander";
import type { Run } from "../command.js";
import { usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { tellDone } from "./actions.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import { refuseFile, withTargets } from "./targets.js";

const MKDIR_EXAMPLE = `
Examples:
  ferry mkdir ftp://anna@ftp.example.org/www/new
  ferry mkdir -p ftp://anna@ftp.example.org/backup/2026/11`;

export function defineMkdir(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL...>", "folders to make")
    .option("-p, --parents", "those above it too; one that is there already is no error")
    .addHelpText("after", MKDIR_EXAMPLE);
  addRemoteFlags(command).action((urls: string[], flags: RemoteFlags & { readonly parents?: boolean }) =>
    run(
      withTargets(urls, { flags, patterns: false }, terminal, async ({ client, path, signal, shown }) => {
        if (path === "") throw usageError(`${shown} names no folder to make`);
        await client.makeDirectory(path, { recursive: flags.parents === true, signal });
        tellDone({ action: "make-directory", path }, terminal, flags);
      }),
    ),
  );
}

const RMDIR_EXAMPLE = `
Example:
  ferry rmdir ftp://anna@ftp.example.org/www/empty

\`ferry rm -r\` removes folders with all that is in them.`;

export function defineRmdir(command: Command, terminal: Terminal, run: Run): void {
  command.argument("<URL...>", "empty folders, or patterns").addHelpText("after", RMDIR_EXAMPLE);
  addRemoteFlags(command).action((urls: string[], flags: RemoteFlags) =>
    run(
      withTargets(urls, { flags, patterns: true }, terminal, async (target) => {
        const { client, path, signal, shown } = target;
        if (path === "") throw usageError(`${shown} names no folder to remove`);
        await refuseFile(target);
        await client.removeDirectory(path, { signal });
        tellDone({ action: "remove-directory", path }, terminal, flags);
      }),
    ),
  );
}

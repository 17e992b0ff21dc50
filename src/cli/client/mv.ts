/** `ferry mv`: renames and moves on one server. */
import type { Command } from "commander";
import type { FtpClient } from "../../client/client.js";
import { FtpNotFoundError, FtpReplyError } from "../../client/errors.js";
import type { FtpUrl } from "../../client/url.js";
import { remoteJoin, remoteName } from "../../client/verbs/names.js";
import type { Run } from "../command.js";
import { type ExitCode, usageError } from "../errors.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { tellDone } from "./actions.js";
import { openRemote } from "./connection.js";
import { atPath, findPlace, isRemote, shownPlace, shownUrl } from "./places.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import { expandRemote } from "./remote-glob.js";
import { Failures, tryEach } from "./reporting.js";
import { sayMissing } from "./targets.js";

const EXAMPLES = `
Examples:
  ferry mv ftp://anna@ftp.example.org/draft.txt final.txt
  ferry mv 'ftp://anna@ftp.example.org/*.log' old/
  ferry mv ftp://anna@ftp.example.org/a.txt //srv/archive/

PATH is seen from the login directory; it is absolute when it begins with "/". What is moved into a folder,
which is there or ends in "/", keeps its name.`;

export function defineMv(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL>", "a file, a folder or a pattern")
    .argument("<PATH>", "the new name, or a folder to move to; or a URL of the same server")
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command).action((url: string, path: string, flags: RemoteFlags) =>
    run(move(url, path, flags, terminal)),
  );
}

function move(from: string, to: string, flags: RemoteFlags, terminal: Terminal): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const source = await findPlace(from, terminal);
    const goal = await goalOf(to, source.url, terminal);
    const failures = new Failures(terminal, flags);
    await using remote = await openRemote(source, flags, terminal, signal);
    const { client } = remote;
    const toFolder = goal.folder || (await isFolder(client, goal.path, signal));
    const rename = async ({ path }: { readonly path: string }): Promise<void> => {
      const target = toFolder ? remoteJoin(goal.path, remoteName(path)) : goal.path;
      await client.rename(path, target, { signal }).catch(async (error: unknown) => {
        const refused = error instanceof FtpReplyError && error.verb === "RNFR";
        throw refused ? await sayMissing(error, { client, path, signal }) : error;
      });
      tellDone({ action: "rename", path, to: target }, terminal, flags);
    };
    const all = async (): Promise<void> => {
      const matches = await expandRemote(client, source, { signal });
      if (matches.length > 1 && !toFolder)
        throw usageError(`${matches.length} names cannot all be renamed to one: name a folder`);
      await tryEach(matches, failures, rename, ({ path }) => shownUrl(atPath(source, path).url));
    };
    await tryEach([source], failures, all, shownPlace);
    return failures.exitCode;
  });
}

/** DESIGN 7: as the path of a URL, but that nothing else is encoded in it. */
async function goalOf(
  text: string,
  source: FtpUrl,
  terminal: Terminal,
): Promise<Pick<FtpUrl, "path" | "folder">> {
  if (await isRemote(text, terminal)) {
    const { url } = await findPlace(text, terminal);
    if (!sameServer(url, source))
      throw usageError("files are moved on one server only: use `ferry get` and `ferry put`");
    return url;
  }
  if (/[\0\r\n]/.test(text)) throw usageError("a path cannot hold a line end");
  const whole = text.replace(/^(?:\/|%2F)+/i, "/");
  return { path: whole.replace(/(?<=[^/])\/+$/, ""), folder: whole.endsWith("/") || whole === "" };
}

/** What is not said in the second URL is as in the first. */
function sameServer(one: FtpUrl, other: FtpUrl): boolean {
  const host = one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
  return host && one.scheme === other.scheme && (one.user === undefined || one.user === other.user);
}

async function isFolder(client: FtpClient, path: string, signal: AbortSignal): Promise<boolean> {
  if (path === "" || path === "/") return true;
  try {
    return (await client.stat(path, { signal })).type === "directory";
  } catch (error) {
    if (error instanceof FtpNotFoundError) return false;
    throw error;
  }
}

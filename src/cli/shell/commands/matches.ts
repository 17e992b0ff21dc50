/** What the words behind a command mean on the server, and the same done with each. */
import type { FtpClient } from "../../../client/client.js";
import { expandRemote, type RemoteMatch } from "../../client/remote-glob.js";
import { CliError, failure } from "../../errors.js";
import type { CommandCall } from "../declaration.js";
import { escapeHostile } from "../line/escapes.js";
import type { Word } from "../line/tokens.js";
import { asShellError } from "../messages.js";
import type { Shell } from "../shell.js";

type Call = Pick<CommandCall<Shell>, "shell" | "job" | "signal">;

/** Work with one session, that nobody else uses meanwhile. */
export function onSession<T>(
  { shell, job, signal }: Call,
  work: (client: FtpClient) => Promise<T>,
): Promise<T> {
  return shell.remote.sessions(job).run(work, { signal });
}

/** Patterns are looked for on the server. @throws CliError when one matches nothing */
export function matchesOf(call: Call, words: readonly Word[]): Promise<RemoteMatch[]> {
  const { remote } = call.shell;
  return onSession(call, async (client) => {
    const found: RemoteMatch[] = [];
    for (const word of words) {
      const place = { path: remote.resolve(word), pattern: remote.resolvePattern(word) };
      found.push(...(await expandRemote(client, place, { signal: call.signal })));
    }
    return found;
  });
}

/**
 * Does the same with each; those that fail are told, and the others are done all the same.
 * @throws CliError when any failed
 */
export async function eachOf<T>(
  { shell, signal }: Call,
  items: readonly T[],
  shown: (item: T) => string,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let failed = 0;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      signal.throwIfAborted();
      const reported = asShellError(error, shown(item));
      if (!(reported instanceof CliError) || items.length === 1) throw reported;
      failed++;
      shell.screen.note(escapeHostile(reported.message));
    }
  }
  if (failed > 0) throw failure(`${failed} of ${items.length} failed`);
}

/** With everything that the words mean, on one session. */
export async function eachMatch(
  call: Call,
  words: readonly Word[],
  work: (client: FtpClient, match: RemoteMatch) => Promise<void>,
): Promise<void> {
  const matches = await matchesOf(call, words);
  await onSession(call, (client) =>
    eachOf(
      call,
      matches,
      ({ path }) => path,
      (match) => work(client, match),
    ),
  );
}

/** From a place to a connection, with the settings as they are. */
import { clientOptions } from "../client/connection.js";
import type { RemotePlace } from "../client/places.js";
import type { Job } from "./jobs/job.js";
import { securityText, shownServer } from "./remote/described.js";
import type { Shell } from "./shell.js";
import { screenTerminal } from "./terminal/screen.js";

/** Sessions that one command uses at once, when nothing is said. */
const PARALLEL = 4;

/** Asks for a password where one is needed. @throws CliError, FtpError */
export async function connect(shell: Shell, place: RemotePlace, job: Job): Promise<void> {
  await openTarget(shell, place, job.signal);
  const { remote, screen, interactive } = shell;
  if (!interactive) return;
  const security = await remote.sessions(job).run((client) => client.security, { signal: job.signal });
  const said = securityText(security, remote.target?.options.user !== undefined);
  if (said !== undefined) screen.note(said);
}

/** Sessions are made anew, with the settings as they are now; jobs go on with theirs. */
export async function reconnect(shell: Shell, signal: AbortSignal): Promise<void> {
  const { target, directory } = shell.remote;
  if (target === undefined) return;
  const { place } = target;
  await openTarget(shell, { ...place, path: directory, url: { ...place.url, path: directory } }, signal);
}

async function openTarget(shell: Shell, place: RemotePlace, signal: AbortSignal): Promise<void> {
  const { settings, screen, remote } = shell;
  const { parallel = PARALLEL, ...flags } = settings.values;
  const terminal = screenTerminal(shell.terminal, screen);
  const options = await shell.lend(() => clientOptions(place, flags, terminal));
  const { user, password } = options;
  const login = user === undefined ? {} : { user, ...(password !== undefined && { password }) };
  const target = {
    // One more than a command uses: while jobs run there is one for what is typed next.
    options: { ...options, connections: parallel + 1 },
    place: { ...place, url: { ...place.url, ...login } },
    shown: shownServer(place, user),
  };
  await remote.open(target, signal);
}

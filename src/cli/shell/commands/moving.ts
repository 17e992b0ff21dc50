/** What commands that move files share: their flags, and bars while they are in the foreground. */
import { atPath, type RemotePlace } from "../../client/places.js";
import { checkTransferFlags, sessions, type TransferFlags } from "../../client/transfer-flags.js";
import type { Terminal } from "../../terminal.js";
import { AlreadyTold, type CommandCall } from "../declaration.js";
import { on, taking } from "../flag-words.js";
import { JobDisplay } from "../jobs/job-display.js";
import type { Word } from "../line/tokens.js";
import type { Shell } from "../shell.js";
import { screenTerminal } from "../terminal/screen.js";

export const MOVING_FLAGS = {
  continue: on("-c --continue", "go on where a broken transfer stopped; leave out what is there already"),
  recursive: on("-r --recursive", "folders with all that is in them"),
  parallel: taking("-P --parallel", "N", sessions, "files at once (usually what `set parallel` says)"),
  verify: on("--verify", "compare digests afterwards, or sizes where the server computes none"),
  ascii: on("-a --ascii", "convert the line ends of text"),
  noTimes: on("--no-keep-times", "files get the present time"),
} as const;

type MovingFlags = { readonly [Name in Exclude<keyof typeof MOVING_FLAGS, "parallel">]: boolean } & {
  readonly parallel: number | undefined;
};
export type Call = Omit<CommandCall<Shell>, "flags">;

/** @throws CliError for flags that exclude each other */
export function transferFlags({
  shell,
  flags,
}: {
  readonly shell: Shell;
  readonly flags: MovingFlags;
}): TransferFlags {
  const {
    parallel = shell.settings.values.parallel,
    noTimes,
    verify,
    continue: resume,
    recursive,
    ascii,
  } = flags;
  const { retries, verify: always } = shell.settings.values;
  const wanted: TransferFlags = {
    continue: resume,
    recursive,
    ascii,
    verify: verify || (always === true && !ascii),
    keepTimes: !noTimes,
    ...(parallel !== undefined && { parallel }),
    ...(retries !== undefined && { retries }),
  };
  checkTransferFlags(wanted);
  return wanted;
}

/** Work with bars while it is in the foreground. @throws AlreadyTold when some of it failed */
export async function moving(
  call: Call,
  work: (display: JobDisplay, terminal: Terminal) => Promise<boolean>,
): Promise<void> {
  const { shell, job, out } = call;
  const { screen, settings, remote } = shell;
  const silent = !shell.interactive || settings.values.quiet === true || settings.values.trace === true;
  const from = remote.directory.endsWith("/") ? remote.directory : `${remote.directory}/`;
  const shorten = (path: string): string => (path.startsWith(from) ? path.slice(from.length) : path);
  const display = new JobDisplay(job, { terminal: shell.terminal, screen, silent, out, shorten });
  try {
    if (!(await work(display, placed(shell)))) throw new AlreadyTold();
  } finally {
    display.close();
  }
}

/** The terminal, with paths seen from where the shell is, and warnings above what is being typed. */
function placed({ terminal, screen, local }: Shell): Terminal {
  return Object.create(screenTerminal(terminal, screen), {
    workingDirectory: { value: local.directory },
  }) as Terminal;
}

export function localText(text: string, { local }: Shell): string {
  return /^~(?:\/|$)/.test(text)
    ? local.resolve({ text, tilde: true }) + (text.endsWith("/") ? "/" : "")
    : text;
}

export function remotePlace({ remote }: Shell, word: Pick<Word, "text" | "tilde" | "pattern">): RemotePlace {
  const path = remote.resolve(word);
  const place = atPath(remote.place, path);
  return {
    ...place,
    url: { ...place.url, folder: word.text.endsWith("/") },
    pattern: remote.resolvePattern(word),
  };
}

/** Where the shell is on the server. */
export function remoteFolder(shell: Shell): RemotePlace {
  return remotePlace(shell, { text: "./", tilde: false, pattern: undefined });
}

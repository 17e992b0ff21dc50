/** `ferry get`: files and folders from servers to this machine. */
import type { DefineCommand } from "../command.js";
import { type ExitCode, usageError } from "../errors.js";
import { one } from "../flags.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { RemotePools } from "./connection.js";
import { Downloads } from "./downloads.js";
import { FileMoves, namedByUrl } from "./file-moves.js";
import { localPlace } from "./local-target.js";
import { assertBookmarks, findPlace, isRemote, type RemotePlace } from "./places.js";
import { progressDisplay } from "./progress-display.js";
import {
  addTransferFlags,
  checkTransferFlags,
  isSilent,
  movingOptions,
  sessions,
  type TransferFlags,
} from "./transfer-flags.js";

const HELP = `
LOCAL is a folder when it ends in "/" or is one, and the current folder when it is not given; "-" is standard
output. A file that is there is replaced, but only when all of the new one has come: until then it is in
LOCAL.part, which -c continues. --limit-rate is for all files together.

Examples:
  ferry get ftp://ftp.example.org/pub/film.mkv
  ferry get -c --segments 4 ftp://ftp.example.org/pub/film.mkv films/
  ferry get 'ftp://anna@ftp.example.org/reports/*.pdf' reports/
  ferry get -r -P 8 --verify ftp://anna@ftp.example.org/photos .
  ferry get ftp://ftp.example.org/list.txt - | sort`;

export const defineGet: DefineCommand = (command, terminal, run) => {
  addTransferFlags(command)
    .usage("[options] <URL...> [LOCAL]")
    .argument("<URL...>", "what to get, patterns too, and behind it where to")
    .addOption(one("--segments <number>", "connections for each file, for big ones far away", sessions))
    .addHelpText("after", HELP)
    .action((places: string[], flags: TransferFlags) => run(get(places, flags, terminal)));
};

/** @throws CliError */
export async function get(
  places: readonly string[],
  flags: TransferFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  checkTransferFlags(flags);
  const { sources, local } = await sourcesOf(places, terminal);
  const target = await localPlace(local, terminal.workingDirectory);
  if (target.kind === "output") checkOutputFlags(flags);
  // Bars would be drawn into what is shown.
  const toScreen = target.kind === "output" && terminal.output.isTTY === true;
  const display = progressDisplay(terminal, { silent: isSilent(flags) || toScreen });
  try {
    return await interruptible(terminal, async (signal) => {
      const o = movingOptions(flags, signal);
      const moves = new FileMoves(display, target.kind === "output" ? { ...o, parallel: 1 } : o);
      const connections = o.parallel * (flags.segments ?? 1);
      await using pools = new RemotePools({ ...flags, connections }, terminal, signal);
      const downloads = new Downloads({
        ...{ flags, target, terminal, display, moves, signal },
        naming: namedByUrl,
      });
      for (const place of sources) await downloads.add(place, () => pools.pool(place));
      await moves.run(await downloads.plan());
      return moves.finish();
    });
  } finally {
    display.close();
  }
}

/** @throws CliError for flags that ask of a pipe what only a file can have */
function checkOutputFlags({ continue: resume, recursive, segments, verify }: TransferFlags): void {
  const other = Object.entries({
    "--continue": resume,
    "--recursive": recursive,
    "--segments": segments,
    "--verify": verify,
  });
  const [name] = other.find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw usageError(`${name} needs a file: LOCAL is standard output`);
}

/** All but the last are remote; the last one is LOCAL when it is not. */
async function sourcesOf(
  places: readonly string[],
  terminal: Terminal,
): Promise<{ readonly sources: readonly RemotePlace[]; readonly local: string | undefined }> {
  const last = places.at(-1) ?? "";
  const local = (await isRemote(last, terminal)) ? undefined : last;
  const remote = local === undefined ? places : places.slice(0, -1);
  if (remote.length === 0) {
    await assertBookmarks(places, terminal);
    throw usageError("what is to be got? Give a URL, as in `ferry get ftp://host/file`");
  }
  return { sources: await Promise.all(remote.map((text) => findPlace(text, terminal))), local };
}

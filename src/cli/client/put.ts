/** `ferry put`: files and folders from this machine to a server. */
import type { DefineCommand } from "../command.js";
import { type ExitCode, usageError } from "../errors.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { openPool } from "./connection.js";
import { FileMoves, namedByUrl } from "./file-moves.js";
import { findPlace, isRemote, type RemotePlace } from "./places.js";
import { progressDisplay } from "./progress-display.js";
import {
  addTransferFlags,
  checkTransferFlags,
  isSilent,
  movingOptions,
  type TransferFlags,
} from "./transfer-flags.js";
import { Uploads } from "./uploads.js";

const HELP = `
The URL is a folder when it ends in "/", which is made when it is missing, or is one on the server. "-" is
standard input. Links are followed. -c adds what the server lacks of a file that it has the beginning of.
--limit-rate is for all files together.

Examples:
  ferry put report.pdf ftp://anna@ftp.example.org/reports/
  ferry put -r -P 8 dist ftp://anna@ftp.example.org/www/
  ferry put -c --verify film.mkv ftp://anna@ftp.example.org/films/
  pg_dump shop | gzip | ferry put - ftp://backup@ftp.example.org/shop.sql.gz`;

export const definePut: DefineCommand = (command, terminal, run) => {
  addTransferFlags(command)
    .usage("[options] <LOCAL...> <URL>")
    .argument("<LOCAL...>", "what to put, and behind it the URL where to")
    .addHelpText("after", HELP)
    .action((places: string[], flags: TransferFlags) => run(put(places, flags, terminal)));
};

/** @throws CliError */
export async function put(
  places: readonly string[],
  flags: TransferFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  checkTransferFlags(flags);
  const { locals, place } = await placesOf(places, terminal);
  if (locals.includes("-")) checkInput(locals, flags);
  const display = progressDisplay(terminal, { silent: isSilent(flags) });
  try {
    return await interruptible(terminal, async (signal) => {
      const o = movingOptions(flags, signal);
      const moves = new FileMoves(display, o);
      await using remote = await openPool(place, { ...flags, connections: o.parallel }, terminal, signal);
      const uploads = new Uploads({
        ...{ flags, place, pool: remote.pool, terminal, display, moves, signal },
        naming: namedByUrl,
      });
      await moves.run(await uploads.plan(locals));
      return moves.finish();
    });
  } finally {
    display.close();
  }
}

async function placesOf(
  places: readonly string[],
  terminal: Terminal,
): Promise<{ readonly locals: readonly string[]; readonly place: RemotePlace }> {
  const locals = places.slice(0, -1);
  for (const local of locals) {
    if (!(await isRemote(local, terminal))) continue;
    throw usageError("from server to server is not offered: `ferry get` it here, then `ferry put` it there");
  }
  const url = places.at(-1) ?? "";
  if (locals.length === 0 && !(await isRemote(url, terminal))) {
    throw usageError("where to? The URL comes last, as in `ferry put file ftp://host/folder/`");
  }
  if (locals.length === 0)
    throw usageError("what is to be put? Files come first, as in `ferry put file ftp://host/`");
  return { locals, place: await findPlace(url, terminal) };
}

/** @throws CliError for what a pipe cannot do */
function checkInput(locals: readonly string[], { continue: resume, recursive, verify }: TransferFlags): void {
  if (locals.length > 1) throw usageError("standard input goes alone: the URL names its file");
  const other = resume ? "--continue" : recursive ? "--recursive" : verify ? "--verify" : undefined;
  if (other !== undefined) throw usageError(`${other} needs a file: standard input can be read only once`);
}

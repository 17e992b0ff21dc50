/** `ferry verify`: whether what is here and what is on a server are the same. */
import { resolve } from "node:path";
import { FtpError, FtpLocalError, FtpNotFoundError, FtpReplyError } from "../../client/errors.js";
import type { FtpPool } from "../../client/pool.js";
import { type VerifiedFile, verify as verifyFiles } from "../../client/verify/verify.js";
import { escapeHostile } from "../../protocol/text.js";
import type { DefineCommand } from "../command.js";
import { type ExitCode, failure, usageError } from "../errors.js";
import { several } from "../flags.js";
import { interruptible } from "../interrupts.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import { openPool } from "./connection.js";
import { fileError, remoteType, typeHere } from "./folders.js";
import { findPlace, isRemote, type RemotePlace, shownUrl } from "./places.js";
import { type ProgressDisplay, progressDisplay } from "./progress-display.js";
import { countText } from "./quantities.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import { asReported, describe } from "./reporting.js";
import { addParallelFlag, isSilent, USUAL_PARALLEL } from "./transfer-flags.js";

export interface VerifyFlags extends RemoteFlags {
  readonly parallel?: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

const HELP = `
Files are compared by the best digest that both sides know, or by size where the server computes none; the
output says by which. The exit code is 1 when anything differs or is on one side only.

Examples:
  ferry verify ftp://anna@ftp.example.org/film.mkv film.mkv
  ferry verify ftp://anna@ftp.example.org/www dist --exclude '*.map'`;

export const defineVerify: DefineCommand = (command, terminal, run) => {
  addParallelFlag(
    command
      .argument("<URL>", "a file or a folder on a server")
      .argument("<LOCAL>", "what is to be the same here")
      .addOption(several("--include <pattern>", "only files that match; again for more", String))
      .addOption(
        several("--exclude <pattern>", "nothing that matches, and nothing below it; again for more", String),
      ),
  );
  addRemoteFlags(command)
    .addHelpText("after", HELP)
    .action((url: string, local: string, flags: VerifyFlags) => run(verify(url, local, flags, terminal)));
};

/** @throws CliError */
export async function verify(
  url: string,
  local: string,
  flags: VerifyFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (await isRemote(local, terminal))
    throw usageError("LOCAL comes last, and is a file or folder of this machine");
  const place = await findPlace(url, terminal);
  const here = resolve(terminal.workingDirectory, local);
  const connections = flags.parallel ?? USUAL_PARALLEL;
  const display = progressDisplay(terminal, { silent: isSilent(flags) });
  try {
    return await interruptible(terminal, async (signal) => {
      await using remote = await openPool(place, { ...flags, connections }, terminal, signal);
      return await compare({ pool: remote.pool, place, local, here }, flags, display, signal);
    });
  } finally {
    display.close();
  }
}

interface Compared {
  readonly pool: FtpPool;
  readonly place: RemotePlace;
  /** As the user wrote it. */
  readonly local: string;
  /** The same, absolute. */
  readonly here: string;
}

async function compare(
  { pool, place, local, here }: Compared,
  flags: VerifyFlags,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { include, exclude } = flags;
  const shown = shownUrl(place.url);
  const typeThere = () => pool.run((client) => remoteType(client, place.path, signal), { signal });
  // Asked first: servers without MLSD list a file as if it were in itself.
  if (typeHere(here) === "directory" && (await typeThere()) === "file") {
    if (place.url.folder) throw fileError(shown);
    throw failure(`${escapeHostile(shown)} is a file, and ${escapeHostile(local)} is a folder`);
  }
  let count = 0;
  const onFile = (file: VerifiedFile): void => {
    display.status?.(`comparing: ${countText(++count, "file")} done`);
    tellFile(file, flags, display);
  };
  display.status?.("comparing both sides");
  try {
    const { equal, files } = await verifyFiles(pool, place.path, here, {
      signal,
      onFile,
      ...(include !== undefined && { include }),
      ...(exclude !== undefined && { exclude }),
    });
    tellAll(files, flags, display);
    return equal ? 0 : 1;
  } catch (error) {
    const refused = error instanceof FtpReplyError || error instanceof FtpNotFoundError;
    if (refused && typeHere(here) === "file" && (await typeThere()) === "directory")
      throw failure(`${escapeHostile(shown)} is a folder, and ${escapeHostile(local)} is a file`);
    throw asReported(error, error instanceof FtpLocalError ? local : shown);
  }
}

/** Where it is told: a terminal, or a display of one. */
type Told = Pick<ProgressDisplay, "output" | "errors">;

export function tellFile(file: VerifiedFile, { json, quiet }: VerifyFlags, { output, errors }: Told): void {
  if (json === true) {
    const error = file.by === "error" ? { error: { message: reasonOf(file.error) } } : {};
    output.write(jsonLine({ ...file, ...error }));
  } else if (file.by === "error")
    errors.write(`ferry: ${escapeHostile(file.path)}: ${reasonOf(file.error)}\n`);
  else if (!file.equal && quiet !== true) output.write(`${differenceOf(file)}\n`);
}

function differenceOf(file: VerifiedFile): string {
  const path = escapeHostile(file.path);
  if (file.by === "presence") return `${path}: only ${file.missing === "local" ? "on the server" : "here"}`;
  return `${path}: differs by ${file.by}`;
}

export function tellAll(
  files: readonly VerifiedFile[],
  { json, quiet }: VerifyFlags,
  { output }: Told,
): void {
  const same = files.filter(({ equal }) => equal);
  const differing = files.length - same.length;
  const by: Record<string, number> = {};
  for (const file of same) by[file.by] = (by[file.by] ?? 0) + 1;
  if (json === true) {
    const summary = { equal: differing === 0, files: files.length, differing, by };
    output.write(jsonLine({ summary }));
  } else if (quiet !== true) {
    const alike = `${countText(same.length, "file is", "files are")} the same${howText(by)}`;
    output.write(`${differing === 0 ? alike : `${alike}, ${countText(differing, "is", "are")} not`}\n`);
  }
}

/** `, by sha256`; whoever reads it must know when it was the size alone. */
function howText(by: Readonly<Record<string, number>>): string {
  const names = Object.keys(by);
  if (names.length === 0) return "";
  const counted = names.map((name) => (names.length > 1 ? `${by[name]} by ${name}` : `by ${name}`));
  return `, ${counted.join(", ")}${"size" in by ? " (the server computes no digest)" : ""}`;
}

function reasonOf(error: Error): string {
  return error instanceof FtpError ? describe(error) : escapeHostile(error.message);
}

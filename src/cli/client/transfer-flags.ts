/** The flags of commands that move files: `get` and `put`. */
import type { Command } from "commander";
import { usageError } from "../errors.js";
import { one } from "../flags.js";
import { wholeNumber } from "../values.js";
import type { MovingOptions } from "./file-moves.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";

/** Absent is what was not said. */
export interface TransferFlags extends RemoteFlags {
  readonly recursive?: boolean;
  readonly continue?: boolean;
  readonly parallel?: number;
  readonly segments?: number;
  readonly verify?: boolean;
  readonly ascii?: boolean;
  readonly keepTimes?: boolean;
}

/** Sessions at once when nothing is said: enough to hide the waiting for replies, and few enough for most servers. */
export const USUAL_PARALLEL = 4;
/** Times that a file is tried again when nothing is said. */
export const USUAL_RETRIES = 2;
const MOST_SESSIONS = 64;

export function addTransferFlags(command: Command): Command {
  addParallelFlag(
    command
      .option("-r, --recursive", "folders with all that is in them")
      .option("-c, --continue", "go on where a broken transfer stopped; leave out what is there already"),
  )
    .option("--verify", "compare digests afterwards, or sizes where the server computes none")
    .option("--ascii", "convert the line ends of text")
    .option("--keep-times", "files get the time of their source (default)")
    .option("--no-keep-times", "files get the present time");
  return addRemoteFlags(command);
}

export function addParallelFlag(command: Command): Command {
  return command.addOption(
    one(
      "-P, --parallel <number>",
      `files at once, each on its own connection (default: ${USUAL_PARALLEL})`,
      sessions,
    ),
  );
}

export function sessions(text: string): number {
  return wholeNumber(text, 1, MOST_SESSIONS, `expected a whole number from 1 to ${MOST_SESSIONS}`);
}

/** @throws CliError for flags that exclude each other */
export function checkTransferFlags({ ascii, continue: resume, verify, segments }: TransferFlags): void {
  if (ascii !== true) return;
  // Both sides have different bytes then, so that no place in one says anything about the other.
  const other = resume
    ? "--continue"
    : verify
      ? "--verify"
      : segments !== undefined
        ? "--segments"
        : undefined;
  if (other !== undefined)
    throw usageError(`--ascii and ${other} exclude each other: line ends differ on both sides`);
}

/** Whether nothing is to be drawn. */
export function isSilent({ quiet, json, trace }: RemoteFlags): boolean {
  return quiet === true || json === true || trace === true;
}

export function movingOptions(flags: TransferFlags, signal: AbortSignal): MovingOptions {
  const { parallel = USUAL_PARALLEL, retries = USUAL_RETRIES, json = false } = flags;
  return { parallel, retries, json, signal };
}

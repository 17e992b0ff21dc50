/** The place that `--accounts` names, opened for `ferry user`. */
import { resolve } from "node:path";
import type { AccountDirectory } from "../accounts/directory.js";
import { FileDirectory } from "../accounts/file-directory.js";
import { AccountsFileError } from "../accounts/file-format.js";
import { AccountsDatabaseError } from "../accounts/mongodb/database-error.js";
import { isDatabaseUrl } from "../accounts/mongodb/url.js";
import { CliError, configurationError, failure } from "./errors.js";
import type { Terminal } from "./terminal.js";

/** Closed when `work` is done. @throws CliError for what the place says is wrong. */
export async function withDirectory<T>(
  place: string,
  terminal: Terminal,
  work: (directory: AccountDirectory) => Promise<T>,
): Promise<T> {
  try {
    const directory = await openDirectory(place, terminal);
    try {
      return await work(directory);
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw asCliError(error);
  }
}

export function asCliError(error: unknown): unknown {
  if (error instanceof CliError) return error;
  if (error instanceof AccountsFileError) return configurationError(error.message, error);
  if (!(error instanceof AccountsDatabaseError)) return error;
  return error.problem === "unavailable"
    ? failure(error.message, error)
    : configurationError(error.message, error);
}

/** The driver is loaded only where it is needed: that takes longer than all else. */
async function openDirectory(place: string, terminal: Terminal): Promise<AccountDirectory> {
  if (!isDatabaseUrl(place)) return new FileDirectory(resolve(terminal.workingDirectory, place));
  const { MongoDirectory } = await import("../accounts/mongodb/directory.js");
  return MongoDirectory.open(place);
}

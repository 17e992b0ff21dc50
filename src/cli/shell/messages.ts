/** What went wrong, in the one short line that a person at a prompt reads. */
import { FtpAbortError, FtpError, FtpNotFoundError, FtpReplyError, replyText } from "../../client/errors.js";
import { describe } from "../client/reporting.js";
import { CliError, failure, interrupted, ReaderGone } from "../errors.js";
import { escapeHostile } from "./line/escapes.js";

/** Codes whose text says it all; the hints to them are for those who see FTP for the first time in a log. */
const PLAIN: ReadonlySet<number> = new Set([450, 500, 501, 502, 504, 550, 553]);

/**
 * An error of the client as one of the shell; every other error as it is.
 * @param subject What it is about: a command, or a path
 */
export function asShellError(error: unknown, subject: string): unknown {
  if (!(error instanceof FtpError)) return error;
  // What we were to write to: a program that has read enough, or a disk that is full.
  if (error.cause instanceof ReaderGone || error.cause instanceof CliError) return error.cause;
  if (error instanceof FtpAbortError) return interrupted();
  const plain = error instanceof FtpReplyError && PLAIN.has(error.reply.code);
  const what = plain
    ? replyText(error.reply)
    : error instanceof FtpNotFoundError
      ? "there is no such file or directory"
      : describe(error);
  return failure(`${escapeHostile(subject)}: ${what}`, error);
}

/** What a server refuses is told with the path that it is about; all else goes to whoever can do something about it. */
export async function about<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const refused = error instanceof FtpReplyError || error instanceof FtpNotFoundError;
    throw refused ? asShellError(error, path) : error;
  }
}

/** What went wrong, in the one short line that a person at a prompt reads. */
import {
  FtpAbortError,
  FtpError,
  FtpLocalError,
  FtpNotFoundError,
  FtpReplyError,
  replyText,
} from "../../client/errors.js";
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

/**
 * What a server refuses is told with the path that it is about, and what this machine refuses with the path here; all
 * else goes to whoever can do something about it.
 */
export async function about<T>(path: string, work: Promise<T>, localPath?: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FtpReplyError || error instanceof FtpNotFoundError) throw asShellError(error, path);
    if (error instanceof FtpLocalError && localPath !== undefined) throw asShellError(error, localPath);
    throw error;
  }
}

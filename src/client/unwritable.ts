/** What ends all work that writes. */
import { FtpLocalError, FtpReplyError } from "./errors.js";

/** Of the system; each says that the file system takes nothing more, whichever file it is for. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/**
 * Whether every other file would fail as this one did: the disk here is full, a quota used up, or nothing may be
 * written; or the server has no space in its system (RFC 959 4.2.1, 452).
 */
export function nothingCanBeWritten(error: unknown): boolean {
  if (error instanceof FtpReplyError) return error.reply.code === 452;
  if (!(error instanceof FtpLocalError)) return false;
  return UNWRITABLE.has((error.cause as NodeJS.ErrnoException | undefined)?.code);
}

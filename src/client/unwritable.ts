/** What ends all work that writes on our side. */
import { FtpLocalError } from "./errors.js";

/** Of the system; each says that the file system takes nothing more, whichever file it is for. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/** Whether every other file would fail as this one did: the disk here is full, a quota used up, or nothing may be written. */
export function nothingCanBeWritten(error: unknown): boolean {
  return (
    error instanceof FtpLocalError && UNWRITABLE.has((error.cause as NodeJS.ErrnoException | undefined)?.code)
  );
}

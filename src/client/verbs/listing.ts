/** Directories: MLSD where the server has it, else LIST in whatever dialect it comes. */
import type { AbortLike } from "../../connection/stop.js";
import { FtpReplyError } from "../errors.js";
import type { Session } from "../session/session.js";
import type { EntryChannel } from "./entry-channel.js";
import { runList } from "./list-command.js";
import { type FtpEntry, factParser, type ListOptions, retrieve } from "./listing-transfer.js";

export type { FtpEntry, ListOptions } from "./listing-transfer.js";

/** Lists a directory, the working one without a path, into the channel. @throws FtpError */
export async function runListing(
  session: Session,
  path: string | undefined,
  channel: EntryChannel<FtpEntry>,
  o: ListOptions & { readonly signal: AbortLike },
): Promise<void> {
  if (session.features.has("MLST") && session.memory.mlsd !== false) {
    try {
      await retrieve(session, { verb: "MLSD", path, channel, o, parse: factParser(session) });
      return;
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
      session.memory.mlsd = false;
    }
  }
  await runList(session, path, channel, o);
}

function isNotImplemented(error: unknown): boolean {
  return error instanceof FtpReplyError && [500, 502, 504].includes(error.reply.code);
}

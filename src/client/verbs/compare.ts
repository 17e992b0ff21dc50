/** Whether a file of the server and one of ours are the same: by the best digest that both know, else by size. */

import { type AbortLike, Stop } from "../../connection/stop.js";
import type { FtpDigestAlgorithm } from "../digest-algorithm.js";
import { withEither } from "../either-signal.js";
import { FtpAbortError, FtpNotFoundError, FtpReplyError, FtpUnsupportedError } from "../errors.js";
import type { Session } from "../session/session.js";
import { type LocalContent, localDigest, localSize } from "../transfer/local-content.js";
import { digest, digestsOf } from "./digest.js";
import { sizeOf, stat } from "./files.js";

/** What both sides said, and whether it is the same. */
export type Comparison = {
  /** Whether all that was compared is the same. */
  readonly equal: boolean;
} & (
  | {
      readonly by: FtpDigestAlgorithm;
      /** Lower case hexadecimal. */
      readonly remote: string;
      readonly local: string;
    }
  /** The server computes no digest of this file; another content of the same size would not be noticed. */
  | { readonly by: "size"; readonly remote: number; readonly local: number }
);

/** @throws FtpNotFoundError, FtpLocalError; FtpUnsupportedError when the server tells not even the size */
export async function compare(
  session: Session,
  path: string,
  content: LocalContent,
  signal: AbortLike,
): Promise<Comparison> {
  const bytes = await localSize(content);
  for (const algorithm of digestsOf(session)) {
    const found = await byDigest(session, path, content, { algorithm, bytes, signal });
    if (found !== undefined) return found;
  }
  const remote = await remoteSize(session, path, signal);
  return { by: "size", equal: remote === bytes, remote, local: bytes };
}

/** Undefined when the server refuses: of this file, or by this algorithm after all. */
async function byDigest(
  session: Session,
  path: string,
  content: LocalContent,
  o: { readonly algorithm: FtpDigestAlgorithm; readonly bytes: number; readonly signal: AbortLike },
): Promise<Comparison | undefined> {
  const stop = new Stop();
  // Both read at the same time.
  const ours = withEither(o.signal, stop, (signal) => localDigest(content, o.algorithm, signal));
  ours.catch(() => {});
  try {
    const remote = await digest(session, path, o.algorithm, o.signal, o.bytes);
    const local = await ours;
    return { by: o.algorithm, equal: remote === local, remote, local };
  } catch (error) {
    const refused = error instanceof FtpReplyError && !error.retryable;
    if (refused) return undefined;
    if (o.signal.aborted) throw new FtpAbortError("command", o.signal.reason);
    throw error;
  } finally {
    stop.abort();
  }
}

async function remoteSize(session: Session, path: string, signal: AbortLike): Promise<number> {
  const { size, reply } = await sizeOf(session, path, signal);
  if (size !== undefined) return size;
  const found = session.features.has("MLST") ? await stat(session, path, signal) : undefined;
  if (found?.size !== undefined) return found.size;
  if (reply.code === 550) throw new FtpNotFoundError({ reply });
  throw new FtpUnsupportedError("the server tells neither a digest nor the size of this file", { reply });
}

/** Digests that the server computes: HASH (draft-bryan-ftpext-hash-02), and the commands before it. */
import type { AbortLike } from "../../connection/stop.js";
import type { Reply } from "../../protocol/reply.js";
import type { FtpDigestAlgorithm } from "../digest-algorithm.js";
import { FtpReplyError, FtpUnsupportedError } from "../errors.js";
import type { Session } from "../session/session.js";

interface Names {
  /** Of IANA's registry of hash functions, as HASH has them. */
  readonly hash: string;
  readonly command: readonly string[];
  /** Hexadecimal digits. */
  readonly digits: number;
}

const ALGORITHMS: Readonly<Record<FtpDigestAlgorithm, Names>> = {
  crc32: { hash: "CRC32", command: ["XCRC"], digits: 8 },
  md5: { hash: "MD5", command: ["XMD5", "MD5"], digits: 32 },
  sha1: { hash: "SHA-1", command: ["XSHA1", "XSHA"], digits: 40 },
  sha256: { hash: "SHA-256", command: ["XSHA256"], digits: 64 },
  sha512: { hash: "SHA-512", command: ["XSHA512"], digits: 128 },
};

/** Best first. */
const BY_STRENGTH: readonly FtpDigestAlgorithm[] = ["sha512", "sha256", "sha1", "md5", "crc32"];

/** Bytes in a millisecond that a server reads at least while it computes: a slow disk, or a busy one. */
const SLOWEST = 20_000;

/** What FEAT promises, best first. */
export function digestsOf(session: Session): FtpDigestAlgorithm[] {
  return BY_STRENGTH.filter(
    (algorithm) => hashHas(session, algorithm) || commandOf(session, algorithm) !== undefined,
  );
}

/** Lower case hexadecimal. `bytes`: of the file, where known: a long one takes time. @throws FtpUnsupportedError, FtpReplyError */
export async function digest(
  session: Session,
  path: string,
  algorithm: FtpDigestAlgorithm,
  signal: AbortLike,
  bytes = 0,
): Promise<string> {
  const verb = hashHas(session, algorithm) ? "HASH" : commandOf(session, algorithm);
  if (verb === undefined) throw new FtpUnsupportedError(`the server computes no ${algorithm}`);
  if (verb === "HASH") await session.command("OPTS", `HASH ${ALGORITHMS[algorithm].hash}`, signal);
  const timeout = session.settings.timeouts.completion + bytes / SLOWEST;
  const wait = { ...session.wait("command", signal), timeout };
  const reply = await session.pi.expect(verb, session.encoded(path), wait);
  const found = hexOf(reply, algorithm, path);
  if (found === undefined) throw new FtpReplyError(verb, { phase: "command", reply });
  return found;
}

function hashHas(session: Session, algorithm: FtpDigestAlgorithm): boolean {
  const offered =
    session.features
      .get("HASH")
      ?.toUpperCase()
      .split(/[;, ]+/) ?? [];
  return offered.some((name) => name.replace(/\*$/, "") === ALGORITHMS[algorithm].hash);
}

function commandOf(session: Session, algorithm: FtpDigestAlgorithm): string | undefined {
  return ALGORITHMS[algorithm].command.find((verb) => session.features.has(verb));
}

/**
 * Servers agree neither on the code nor on what stands around the digits; some repeat the name of the file, which
 * may look like a digest itself.
 */
function hexOf({ lines }: Reply<number>, algorithm: FtpDigestAlgorithm, path: string): string | undefined {
  const { digits } = ALGORITHMS[algorithm];
  const words = (text: string) => text.split(/[\s"=:/]+/);
  const named = words(path);
  const found = lines.flatMap(words).filter((word) => word.length === digits && /^[0-9a-f]+$/i.test(word));
  return (found.find((word) => !named.includes(word)) ?? found[0])?.toLowerCase();
}

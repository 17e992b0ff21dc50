/** Setting the time of a file: a draft's command, and the ways of servers that do not have it. */
import type { AbortLike } from "../../connection/stop.js";
import { formatTimestamp } from "../../protocol/timestamp.js";
import { FtpReplyError, FtpUnsupportedError } from "../errors.js";
import type { Session } from "../session/session.js";

const NO_WAY = "the server sets no modification times";

type Way = (path: string, time: string) => readonly [verb: string, argument: string];

const WAYS: Readonly<Record<string, Way>> = {
  // draft-somers-ftp-mfxx-04 3.1 and 5
  MFMT: (path, time) => ["MFMT", `${time} ${path}`],
  MFF: (path, time) => ["MFF", `Modify=${time}; ${path}`],
  // Pure-FTPd and ProFTPD's mod_site_misc
  UTIME: (path, time) => ["SITE", `UTIME ${path} ${time} ${time} ${time} UTC`],
  "UTIME-SHORT": (path, time) => ["SITE", `UTIME ${time.slice(0, 12)} ${path}`],
  // Serv-U, vsftpd with mdtm_write
  MDTM: (path, time) => ["MDTM", `${time} ${path}`],
};

/**
 * Sets when a file was modified; milliseconds since the epoch, whole seconds count.
 * @throws FtpUnsupportedError when the server knows no way, FtpReplyError when it refuses
 */
export async function setTimes(
  session: Session,
  path: string,
  { modified, created }: { readonly modified?: number; readonly created?: number },
  signal: AbortLike,
): Promise<void> {
  if (created !== undefined) {
    if (!session.features.has("MFCT"))
      throw new FtpUnsupportedError("the server sets no creation times (MFCT)");
    await session.command("MFCT", `${formatTimestamp(created)} ${path}`, signal);
  }
  if (modified === undefined) return;
  const { memory } = session;
  if (memory.setTimes === "none") throw new FtpUnsupportedError(NO_WAY);
  const time = formatTimestamp(modified);
  const refusals: FtpReplyError[] = [];
  for (const name of order(session)) {
    const [verb, argument] = (WAYS[name] as Way)(path, time);
    const reply = await session.ask(verb, argument, signal);
    if (reply.code < 300) {
      memory.setTimes = name;
      return;
    }
    const refusal = new FtpReplyError(verb, { phase: "command", reply });
    // A server that announces the command means what it says of this file; MDTM is announced for asking alone.
    if (name !== "MDTM" && session.features.has(name) && reply.code === 550) throw refusal;
    refusals.push(refusal);
  }
  // A file may have its own reasons; of two in a row the server has them.
  memory.timesRefused = (memory.timesRefused ?? 0) + 1;
  if (memory.setTimes === undefined && memory.timesRefused > 1) memory.setTimes = "none";
  throw new FtpUnsupportedError(NO_WAY, {
    ...(refusals[0] === undefined ? {} : { reply: refusals[0].reply }),
  });
}

function order({ memory, features }: Session): string[] {
  if (memory.setTimes !== undefined) return [memory.setTimes];
  const announced = ["MFMT", "MFF"].filter((name) => features.has(name));
  return announced.length > 0 ? announced : Object.keys(WAYS);
}

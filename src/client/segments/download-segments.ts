/** One big file over several connections at once. */

import type { AbortLike } from "../../connection/stop.js";
import type { TransferProgress } from "../../dtp/outcome.js";
import type { FtpClient } from "../client.js";
import { FtpReplyError, FtpUnsupportedError, FtpVerifyError } from "../errors.js";
import type { Sessions } from "../pool.js";
import { type OnProgress, ProgressMeter } from "../transfer/progress.js";
import { dropPart, partOf } from "../transfer/sinks.js";
import type { Comparison } from "../verbs/compare.js";
import type { Transferred } from "../verbs/transfers.js";
import { Crew } from "./crew.js";
import { PartFile, type SegmentedFile } from "./part-file.js";
import { Ranges, SMALLEST_RANGE } from "./ranges.js";

export interface SegmentsOptions {
  readonly signal?: AbortLike | undefined;
  /** Connections at once at most; as many as the pool may have when absent. */
  readonly segments?: number;
  /** Goes on with what a broken download left, when size and time of the server's file are the same; true when absent. */
  readonly resume?: boolean;
  /** Gives the file the server's modification time. */
  readonly keepTimes?: boolean;
  /**
   * Compares both files, by the best digest that both sides know, else by size, before the one here gets its name.
   * What differs is removed.
   */
  readonly verify?: boolean;
  /** How often in a row a connection may fail without a byte before it is given up; 3 when absent. */
  readonly retries?: number;
  /** Bytes per second at most, of each connection. */
  readonly rate?: number | undefined;
  /** Of the whole file. */
  readonly onProgress?: OnProgress | undefined;
}

export interface SegmentsDownloaded extends Transferred {
  /** Connections that brought bytes. */
  readonly connections: number;
}

/**
 * Downloads a file in ranges, over as many connections as the server lets us have. A server that cannot begin in the
 * middle of a file (REST), or does not tell its size, is asked for it over one connection, as by `download`.
 * @throws FtpError; what arrived stays in `.part`, with a journal beside it, and the next call goes on with it
 */
export async function downloadSegments(
  pool: Sessions,
  remotePath: string,
  localPath: string,
  o: SegmentsOptions = {},
): Promise<SegmentsDownloaded> {
  const { signal } = o;
  const facts = await pool.run((client) => factsOf(client, remotePath, signal), { signal });
  const { size, modified, restarts } = facts;
  if (size === undefined || !restarts) return await downloadWhole(pool, remotePath, localPath, o, restarts);
  const what = { origin: pool.origin, remote: remotePath, size, modified };
  const part = await PartFile.open(localPath, what, { resume: o.resume ?? true });
  let published = false;
  const ranges = new Ranges(size, part.found);
  const progress = new RangesProgress(ranges);
  const meter = meterFor(progress, remotePath, o);
  try {
    const most = Math.min(o.segments ?? pool.limit, Math.ceil(size / SMALLEST_RANGE));
    const crew = new Crew(pool, part, ranges, { ...o, path: remotePath, connections: Math.max(1, most) });
    await crew.work();
    const verified = await check(pool, what, localPath, o);
    await part.publish(o.keepTimes === true ? modified : undefined);
    published = true;
    const { bytes, start, elapsed } = progress;
    const moved = { bytes, start, duration: elapsed, connections: crew.used };
    return verified === undefined ? moved : { ...moved, verified };
  } catch (error) {
    // All bytes have come, and only the question whether they are right was cut off.
    if (ranges.whole && !(error instanceof FtpVerifyError)) await part.remember(ranges.done());
    throw error;
  } finally {
    meter?.end(published);
    await part.close();
  }
}

interface Facts {
  readonly size: number | undefined;
  readonly modified: number | undefined;
  /** Whether a transfer can begin in the middle. */
  readonly restarts: boolean;
}

/** @throws FtpNotFoundError, and what ends the session */
async function factsOf(client: FtpClient, path: string, signal: AbortLike | undefined): Promise<Facts> {
  const told = async (ask: Promise<number | undefined>): Promise<number | undefined> => {
    try {
      return await ask;
    } catch (error) {
      if (error instanceof FtpReplyError || error instanceof FtpUnsupportedError) return undefined;
      throw error;
    }
  };
  const size =
    (await told(client.size(path, { signal }))) ??
    (await told(client.stat(path, { signal }).then((s) => s.size)));
  const modified = await told(client.modified(path, { signal }));
  // Where it begins in any case, so that nothing is left over for another transfer.
  const { code } = await client.send("REST 0", { signal });
  return { size, modified, restarts: code < 400 };
}

async function downloadWhole(
  pool: Sessions,
  remotePath: string,
  localPath: string,
  o: SegmentsOptions,
  restarts: boolean,
): Promise<SegmentsDownloaded> {
  const { signal, keepTimes, verify, rate, onProgress } = o;
  const options = {
    // Nobody knows whose part it is: only who asks for it has it continued.
    resume: restarts && o.resume === true,
    ...(signal && { signal }),
    ...(keepTimes && { keepTimes }),
    ...(verify && { verify }),
    ...(rate && { rate }),
    ...(onProgress && { onProgress }),
  };
  const moved = await pool.run((client) => client.download(remotePath, localPath, options), { signal });
  return { ...moved, connections: 1 };
}

/** Segments of two contents make no file: it must still be the one of the beginning. */
async function check(
  pool: Sessions,
  what: SegmentedFile,
  localPath: string,
  { verify, signal }: SegmentsOptions,
): Promise<Comparison | undefined> {
  const { remote, size, modified } = what;
  return await pool.run(
    async (client) => {
      const now = await factsOf(client, remote, signal);
      if (now.size !== size || now.modified !== modified) return await refuse(localPath, "size or time");
      if (verify !== true) return undefined;
      const found = await client.compare(remote, partOf(localPath), { signal });
      return found.equal ? found : await refuse(localPath, found.by);
    },
    { signal },
  );
}

/** Going on with what is there would never make it right. */
async function refuse(localPath: string, by: string): Promise<never> {
  await dropPart(localPath);
  throw new FtpVerifyError(by);
}

/** How far all connections are together. */
class RangesProgress implements TransferProgress {
  /** Bytes that were there before. */
  readonly start: number;
  readonly total: number;
  readonly #ranges: Ranges;
  readonly #began = performance.now();

  constructor(ranges: Ranges) {
    this.#ranges = ranges;
    this.start = ranges.bytes;
    this.total = ranges.size - ranges.bytes;
  }

  get bytes(): number {
    return this.#ranges.bytes - this.start;
  }

  get elapsed(): number {
    return performance.now() - this.#began;
  }
}

function meterFor(
  progress: RangesProgress,
  path: string,
  { onProgress }: SegmentsOptions,
): ProgressMeter | undefined {
  if (onProgress === undefined) return undefined;
  const { start, total } = progress;
  return new ProgressMeter(progress, {
    path,
    direction: "download",
    start,
    total: start + total,
    onProgress,
  });
}

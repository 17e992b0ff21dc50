/** The one function that runs every transfer, of either end and in either direction. */

import { type DataConnection, DataConnectionError, type DataSocket } from "../connection/data-connection.js";
import { withDeadline } from "../connection/deadline.js";
import type { AbortLike } from "../connection/stop.js";
import { StorageError } from "../storage/errors.js";
import type { ReadHandle, WriteHandle } from "../storage/storage.js";
import type { Codec } from "./codec.js";
import type { TransferOutcome, TransferProgress } from "./outcome.js";
import { receive } from "./receive.js";
import { type Failure, Run } from "./run.js";
import { send } from "./send.js";
import type { Throttle } from "./throttle.js";
import { turns } from "./turns.js";

interface AnyJob {
  readonly id: string;
  readonly path: string;
  /** Where in the file the transfer begins; only told in the outcome. */
  readonly start: number;
  /** Used up by the transfer, whatever becomes of it. */
  readonly dataConnection: DataConnection;
  /** From `codecFor`; undefined when bytes go as they are. */
  readonly codec: Codec | undefined;
  /** Aborts the transfer: ABOR, the end of the session. */
  readonly signal: AbortLike;
  /** Milliseconds for the data connection to open. */
  readonly connectTimeout: number;
  /** Milliseconds without a byte moving; Infinity for no limit. */
  readonly stallTimeout: number;
  /** Bytes of the file per second at most; a throttle of the clock of `performance.now()` may be shared by several. */
  readonly rate?: number | Throttle | undefined;
  /** Milliseconds that a storage gets to let go of the file when a transfer has failed; 10,000 when absent. */
  readonly releaseTimeout?: number;
  /** Called right before the data connection is opened, in the same turn; not when nothing will be opened. */
  readonly opening?: () => void;
}

export interface SendJob extends AnyJob {
  readonly direction: "send";
  /** Owned by the transfer from the call on: it is closed on every path, once. */
  readonly source: ReadHandle;
}

export interface ReceiveJob extends AnyJob {
  readonly direction: "receive";
  /** Owned by the transfer from the call on: it is committed or abandoned on every path, once. */
  readonly sink: WriteHandle;
  /** Milliseconds since the epoch, for `commit`. */
  readonly modified?: number;
  /** Bytes that are expected, for the progress. */
  readonly total?: number | undefined;
}

export type TransferJob = SendJob | ReceiveJob;

export interface Transfer {
  readonly progress: TransferProgress;
  /**
   * Never rejected. By then the data connection is closed and the file too: closed, committed or abandoned,
   * except when a storage does not let go in time.
   */
  readonly outcome: Promise<TransferOutcome>;
  /** As if the signal aborted. */
  stop(): void;
}

const RELEASE_TIMEOUT = 10_000;

/**
 * Runs a transfer. What can be done at once is done before this returns: a small file whose bytes and peer are
 * at hand leaves in the same turn.
 */
export function transfer(job: TransferJob): Transfer {
  const run = new Run(job);
  run.total = job.direction === "send" ? job.source.size : job.total;
  return { progress: run, outcome: outcomeOf(job, run), stop: () => run.stopped() };
}

async function outcomeOf(job: TransferJob, run: Run): Promise<TransferOutcome> {
  turns.begin();
  const moving = move(job, run);
  const failure = await run.firstOf(moving);
  run.end();
  await closeConnection(job.dataConnection, failure === undefined ? "complete" : "broken");
  const last = failure === undefined ? await keepFile(job) : await letGo(job, moving, failure);
  turns.end();
  run.stop();
  const { id, path, start, codec } = job;
  const told = {
    id,
    path,
    start,
    bytes: run.bytes,
    duration: run.elapsed,
    dataConnection: "closed",
  } as const;
  if (last !== undefined) return { ...told, ...last };
  return { ...told, kind: "complete", endOfFile: codec?.endOfFile ?? "closing" };
}

/** Opens the data connection and moves the bytes; undefined when all of them were moved. Never rejects. */
async function move(job: TransferJob, run: Run): Promise<Failure | undefined> {
  if (run.failure !== undefined) return run.failure;
  let socket: DataSocket;
  try {
    job.opening?.();
    const opening = job.dataConnection.open({ signal: job.signal, timeout: job.connectTimeout });
    socket = opening instanceof Promise ? await opening : opening;
  } catch (error) {
    if (run.failure !== undefined) return run.failure;
    return error instanceof DataConnectionError ? { kind: "not-opened", error } : { kind: "local", error };
  }
  try {
    run.opened(socket);
    await (job.direction === "send" ? send(job, socket, run) : receive(job, socket, run));
    return undefined;
  } catch (error) {
    return run.blame(error);
  }
}

async function closeConnection(connection: DataConnection, how: "complete" | "broken"): Promise<void> {
  try {
    connection.ended(how);
    await connection[Symbol.asyncDispose]();
  } catch {
    // The bytes have moved, or have not; how the connection was given back does not change that.
  }
}

/** All bytes were moved. A storage that finds fault now has the last word. */
async function keepFile(job: TransferJob): Promise<Failure | undefined> {
  try {
    if (job.direction === "send") await job.source.close();
    else await job.sink.commit(job.modified === undefined ? undefined : { modified: job.modified });
    return undefined;
  } catch (error) {
    return { kind: "local", error };
  }
}

/**
 * Calls of a handle never overlap, and a buffer is the storage's until its call settles: the file is let go only
 * after that. Who waits for the outcome (an ABOR) does not wait for ever: past the deadline it goes on behind.
 */
async function letGo(job: TransferJob, moving: Promise<unknown>, failure: Failure): Promise<Failure> {
  const cause = failure.kind === "aborted" ? new DataConnectionError("closed", "aborted") : failure.error;
  const release = async () => {
    interrupt(job);
    await moving;
    if (job.direction === "send") await job.source.close();
    else await job.sink.abandon(cause);
  };
  try {
    await withDeadline(release(), job.releaseTimeout ?? RELEASE_TIMEOUT, () => new StorageError("timeout"));
  } catch {
    // The transfer has failed already, and the first cause counts.
  }
  return failure;
}

function interrupt(job: TransferJob): void {
  try {
    if (job.direction === "send") job.source.interrupt?.();
    else job.sink.interrupt?.();
  } catch {
    // It is closed all the same.
  }
}

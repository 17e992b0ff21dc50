/** Downloads and uploads: where they begin, what is asked before, and what is set after. */
import type { AbortLike } from "../../connection/stop.js";
import { ASCII, IMAGE, type TransferParameters } from "../../protocol/representation.js";
import { parseTimestamp } from "../../protocol/timestamp.js";
import type { WriteHandle } from "../../storage/storage.js";
import { FtpArgumentError, FtpVerifyError } from "../errors.js";
import { checkedOffset, type Session } from "../session/session.js";
import type { Before } from "../transfer/job.js";
import type { OnProgress } from "../transfer/progress.js";
import { type DownloadTarget, openSink, partOf, partSize } from "../transfer/sinks.js";
import { isSeekable, type OpenSource, openSource, type UploadSource } from "../transfer/sources.js";
import { runTransfer } from "../transfer/transfer.js";
import { CheckedSink } from "./checked-sink.js";
import { type Comparison, compare } from "./compare.js";
import { sizeOf } from "./files.js";
import { setTimes } from "./times.js";

export type TransferType = "image" | "ascii" | "local8";

export interface TransferOptions {
  readonly signal?: AbortLike | undefined;
  /** "ascii": line ends of text are converted; "local8": bytes as they are, for hosts whose own are longer (TYPE L 8). "image" when absent. */
  readonly type?: TransferType | undefined;
  /** Bytes per second at most, instead of the client's. */
  readonly rate?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told when the server has agreed to the transfer: bytes may move from now on. */
  readonly onBegin?: (() => void) | undefined;
  /**
   * Sends the commands of the transfer together where the server has shown that it takes them so, and data
   * connections have worked before. Saves waiting for replies, which is most of the time of a small file.
   */
  readonly pipeline?: boolean | undefined;
}

export interface DownloadOptions extends TransferOptions {
  /** Of a target that is a path: continues the `.part` that a broken download left. */
  readonly resume?: boolean;
  /** The first byte; 0 when absent. */
  readonly start?: number;
  /** One past the last byte. */
  readonly end?: number;
  /** Of a target that is a path: gives it the server's modification time. */
  readonly keepTimes?: boolean;
  /**
   * What is known of the file already, as from a listing; it is not asked for again. `roughly`: its time to the
   * minute or the day, for servers that cannot tell it to the second.
   */
  readonly known?: {
    readonly size?: number | undefined;
    readonly modified?: number | undefined;
    readonly roughly?: number | undefined;
  };
  /**
   * Of a target that is a path: compares both files, by the best digest that both sides know, else by size,
   * before the one here gets its name. What differs is removed.
   */
  readonly verify?: boolean;
}

export interface UploadOptions extends TransferOptions {
  /** Continues where the server's file ends. Not for sources that can be read only once. */
  readonly resume?: boolean;
  /** Gives the file on the server the modification time of the one here. */
  readonly keepTimes?: boolean;
  /** Compares both files afterwards, as for a download. Not for sources that can be read only once. */
  readonly verify?: boolean;
}

/** What was moved. */
export interface Transferred {
  /** Bytes of this transfer. */
  readonly bytes: number;
  /** Where in the file it began. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  /** With `verify`: how both files were found to be the same. */
  readonly verified?: Comparison;
}

export async function download(
  session: Session,
  path: string,
  target: DownloadTarget,
  o: DownloadOptions,
  signal: AbortLike,
): Promise<Transferred> {
  const range = rangeOf(o);
  if (o.verify === true) expectVerifiable(target, o);
  const resumable = o.resume === true && typeof target === "string";
  const total =
    o.known?.size ??
    (resumable || o.onProgress !== undefined ? (await sizeOf(session, path, signal)).size : undefined);
  let { start } = range;
  if (resumable) {
    const there = partSize(target);
    // A part that is longer than the file is not of this file.
    start = total !== undefined && there > total ? 0 : there;
  }
  let modified = o.keepTimes === true ? o.known?.modified : undefined;
  const asking: Before | undefined =
    o.keepTimes === true && modified === undefined
      ? {
          verb: "MDTM",
          argument: path,
          onReply(reply) {
            const told = reply.code === 213 ? parseTimestamp(reply.lines[0].trim()) : undefined;
            modified = told ?? o.known?.roughly;
          },
        }
      : undefined;
  const sink = openSink(target, {
    start: typeof target === "string" && !resumable ? 0 : start,
    modified: () => modified,
    signal,
  });
  const wanted: Wanted = { options: o, start, end: o.end, total, before: asking, signal };
  if (typeof target !== "string") return await downloadTo(session, path, sink, wanted);
  if (o.verify === true) {
    const checked = new CheckedSink(sink, target, () => compare(session, path, partOf(target), signal));
    const moved = await downloadTo(session, path, checked, wanted);
    return { ...moved, verified: checked.comparison };
  }
  if (total === undefined || !resumable || start === 0 || o.type === "ascii") {
    return await downloadTo(session, path, sink, wanted);
  }
  // There are servers that say 350 to REST, and send all of the file all the same.
  const continued = new CheckedSink(sink, target, (received) => {
    return { by: "size", equal: received < total, remote: total, local: start + received };
  });
  return await downloadTo(session, path, continued, wanted);
}

/** @throws FtpArgumentError for what cannot be compared */
function expectVerifiable(target: DownloadTarget, o: DownloadOptions): void {
  if (typeof target !== "string") throw new FtpArgumentError("only a download to a path can be verified");
  if (o.end !== undefined || (o.start ?? 0) > 0)
    throw new FtpArgumentError("only whole files can be verified");
  expectImage(o);
}

function expectImage({ type }: TransferOptions): void {
  if (type === "ascii") {
    throw new FtpArgumentError("text whose line ends are converted differs, and cannot be verified");
  }
}

/** What is downloaded of a file, and how. */
interface Wanted {
  readonly options: TransferOptions;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Bytes of the file, when known. */
  readonly total?: number | undefined;
  readonly before?: Before | undefined;
  readonly signal: AbortLike;
}

/** Into a handle, which is committed when the server has confirmed the transfer. */
export function downloadTo(
  session: Session,
  path: string,
  sink: WriteHandle,
  wanted: Wanted,
): Promise<Transferred> {
  const { start, length } = rangeOf(wanted);
  const { options, total } = wanted;
  return runTransfer(session, {
    direction: "receive",
    verb: "RETR",
    argument: path,
    parameters: parametersOf(options.type),
    start,
    restart: true,
    sink,
    length,
    total: length === undefined || total === undefined ? total : Math.min(total, start + length),
    signal: wanted.signal,
    rate: options.rate,
    onProgress: options.onProgress,
    onBegin: options.onBegin,
    pipeline: options.pipeline,
    before: wanted.before,
  });
}

export async function upload(
  session: Session,
  source: UploadSource,
  path: string,
  o: UploadOptions & { readonly append?: boolean },
  signal: AbortLike,
): Promise<Transferred> {
  if (o.verify !== true) return await send(session, source, path, o, signal);
  expectImage(o);
  if (!isSeekable(source)) {
    throw new FtpArgumentError("only a path, bytes or a Blob can be read again and verified");
  }
  const moved = await send(session, source, path, o, signal);
  const verified = await compare(session, path, source, signal);
  if (!verified.equal) throw new FtpVerifyError(verified.by);
  return { ...moved, verified };
}

async function send(
  session: Session,
  source: UploadSource,
  path: string,
  o: UploadOptions & { readonly append?: boolean },
  signal: AbortLike,
): Promise<Transferred> {
  const there = o.resume === true ? await resumeAt(session, source, path, signal) : 0;
  const opened = await openSource(source, signal, there);
  const whole = opened.size;
  if (there > 0 && whole !== undefined && there >= whole) {
    await opened.handle.close();
    if (o.keepTimes === true) await keepTime(session, path, opened, signal);
    return { bytes: 0, start: there, duration: 0 };
  }
  // Without REST for uploads, appending comes to the same.
  const restart = there > 0 && session.features.has("REST");
  const result = await runTransfer(session, {
    direction: "send",
    verb: o.append === true || (there > 0 && !restart) ? "APPE" : "STOR",
    argument: path,
    parameters: parametersOf(o.type),
    start: there,
    restart,
    source: opened.handle,
    total: whole,
    signal,
    rate: o.rate,
    onProgress: o.onProgress,
    onBegin: o.onBegin,
    pipeline: o.pipeline,
  });
  if (o.keepTimes === true) await keepTime(session, path, opened, signal);
  return result;
}

async function keepTime(
  session: Session,
  path: string,
  { modified }: OpenSource,
  signal: AbortLike,
): Promise<void> {
  if (modified !== undefined) await setTimes(session, path, { modified }, signal);
}

/** Where the server's file ends; 0 when there is none, or it is longer than ours. */
async function resumeAt(
  session: Session,
  source: UploadSource,
  path: string,
  signal: AbortLike,
): Promise<number> {
  if (!isSeekable(source)) {
    throw new FtpArgumentError("only a path, bytes or a Blob can be continued in the middle");
  }
  const { size = 0 } = await sizeOf(session, path, signal);
  const { handle, size: whole } = await openSource(source, signal);
  await handle.close();
  return whole !== undefined && size > whole ? 0 : size;
}

/** @throws FtpArgumentError for what is no range */
function rangeOf({
  start = 0,
  end,
}: {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}): {
  readonly start: number;
  readonly length: number | undefined;
} {
  checkedOffset(start, "start");
  if (end === undefined) return { start, length: undefined };
  if (checkedOffset(end, "end") < start) throw new FtpArgumentError("end is before start");
  return { start, length: end - start };
}

export function parametersOf(type: TransferOptions["type"]): TransferParameters {
  return PARAMETERS[type ?? "image"];
}

const PARAMETERS: Readonly<Record<TransferType, TransferParameters>> = {
  image: { type: IMAGE, structure: "F", mode: "S" },
  ascii: { type: ASCII, structure: "F", mode: "S" },
  local8: { type: { kind: "local", byteSize: 8 }, structure: "F", mode: "S" },
};

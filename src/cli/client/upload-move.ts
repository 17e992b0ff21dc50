/** One file of `ferry put`. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { FtpClient } from "../../client/client.js";
import { FtpReplyError, FtpUnsupportedError, FtpVerifyError } from "../../client/errors.js";
import type { Sessions } from "../../client/pool.js";
import type { UploadSource } from "../../client/transfer/sources.js";
import { failure, systemReason } from "../errors.js";
import { ifTold } from "./asking.js";
import { type Attempt, type FileMove, type Moved, type MovedFile, transferOptions } from "./file-moves.js";
import type { TransferFlags } from "./transfer-flags.js";

interface UploadMoveOptions extends MovedFile {
  readonly pool: Sessions;
  /** Absolute; a pipe, or a device, can be read only once. */
  readonly source:
    | { readonly kind: "file"; readonly path: string; readonly size: number }
    | { readonly kind: "pipe"; readonly stream: UploadSource };
  readonly ascii: boolean;
  readonly flags: TransferFlags;
  /** Called when the server cannot set times; nobody tries for the files after. */
  readonly times: KeptTimes;
}

/** Whether the server keeps the times of files: found out by the first one. */
export interface KeptTimes {
  wanted: boolean;
  onUnsupported(): void;
}

export class UploadMove implements FileMove {
  readonly path: string;
  readonly local: string;
  readonly shown: string;
  readonly size: number | undefined;
  readonly repeatable: boolean;
  readonly #o: UploadMoveOptions;
  /** What the server has was found to be another file: adding to it would never make it right. */
  #damaged = false;

  constructor(o: UploadMoveOptions) {
    this.path = o.path;
    this.local = o.local;
    this.shown = o.shown;
    this.size = o.source.kind === "file" ? o.source.size : undefined;
    this.repeatable = o.source.kind === "file";
    this.#o = o;
  }

  async move(attempt: Attempt): Promise<Moved> {
    const { pool, source } = this.#o;
    return await pool.run(
      (client) =>
        source.kind === "file"
          ? this.#fromFile(client, source.path, attempt)
          : client.upload(source.stream, this.path, transferOptions(attempt, this.#o.ascii)),
      { signal: attempt.signal },
    );
  }

  /**
   * Only -c continues what the server has, on a second try too: where an upload that broke has left nothing, the size
   * that the server tells is of an older file, and the two would be joined.
   */
  async #fromFile(client: FtpClient, path: string, attempt: Attempt): Promise<Moved> {
    const { flags } = this.#o;
    const here = await statOf(path);
    // Where line ends are converted, no place in one file says anything about the other.
    const continues = flags.continue === true && !this.#damaged && !this.#o.ascii;
    const resume = continues && (await this.#isPartOf(client, here, attempt.signal));
    const o = { ...transferOptions(attempt, this.#o.ascii), verify: flags.verify === true, resume };
    const moved = await client.upload(path, this.path, o).catch((error: unknown) => {
      this.#damaged = error instanceof FtpVerifyError;
      throw error;
    });
    const skipped = moved.start > 0 && moved.bytes === 0;
    if (!skipped) await this.#keepTime(client, here, attempt.signal);
    return { ...moved, skipped };
  }

  /** Whether what the server has may be the beginning of this file, or all of it. */
  async #isPartOf(client: FtpClient, here: Stats, signal: AbortSignal): Promise<boolean> {
    const there = await ifTold(client.size(this.path, { signal }));
    if (there === undefined || there > here.size) return false;
    const modified = await ifTold(client.modified(this.path, { signal }));
    // Written before ours was changed: times of a second are enough.
    return modified === undefined || modified >= here.mtimeMs - 1000;
  }

  async #keepTime(client: FtpClient, { mtimeMs: modified }: Stats, signal: AbortSignal): Promise<void> {
    const { times } = this.#o;
    if (!times.wanted) return;
    try {
      await client.setTimes(this.path, { modified }, { signal });
    } catch (error) {
      // The file is there, and whole.
      if (!(error instanceof FtpUnsupportedError) && !(error instanceof FtpReplyError)) throw error;
      times.onUnsupported();
    }
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw failure(`cannot read ${path}: ${systemReason(error)}`, error);
  }
}

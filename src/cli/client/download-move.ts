/** One file of `ferry get`. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { FtpClient } from "../../client/client.js";
import { FtpReplyError } from "../../client/errors.js";
import type { Sessions } from "../../client/pool.js";
import { partOf } from "../../client/transfer/sinks.js";
import type { DownloadOptions, TransferOptions } from "../../client/verbs/transfers.js";
import { printable } from "../../protocol/text.js";
import { failure } from "../errors.js";
import { ifTold } from "./asking.js";
import type { Attempt, FileMove, Moved } from "./file-moves.js";
import type { FileTarget } from "./local-target.js";
import type { TransferFlags } from "./transfer-flags.js";

/** A file on a server, as far as it is known. */
export interface RemoteFile {
  readonly pool: Sessions;
  readonly path: string;
  /** Whether its line ends are converted. */
  readonly ascii: boolean;
  readonly size?: number | undefined;
  /** Milliseconds since the epoch, exact to the second. */
  readonly modified?: number | undefined;
}

interface DownloadMoveOptions extends RemoteFile {
  readonly local: string;
  readonly target: FileTarget;
  readonly flags: TransferFlags;
}

type Known = Pick<RemoteFile, "size" | "modified">;

export class DownloadMove implements FileMove {
  readonly path: string;
  readonly local: string;
  readonly size: number | undefined;
  readonly repeatable: boolean;
  readonly #o: DownloadMoveOptions;

  constructor(o: DownloadMoveOptions) {
    this.path = o.path;
    this.local = o.local;
    this.size = o.size;
    this.repeatable = o.target.kind === "file";
    this.#o = o;
  }

  async move(attempt: Attempt): Promise<Moved> {
    const { pool, target } = this.#o;
    return await pool.run(
      async (client) => {
        try {
          return target.kind === "file"
            ? await this.#toFile(client, target.path, attempt)
            : await client.download(this.path, target.open(), this.#transferOptions(attempt));
        } catch (error) {
          throw (await this.#isFolder(client, error, attempt.signal)) ? folderError(this.path) : error;
        }
      },
      { signal: attempt.signal },
    );
  }

  async #toFile(client: FtpClient, path: string, attempt: Attempt): Promise<Moved> {
    const { flags } = this.#o;
    let resume = attempt.again;
    let known: Known = this.#o;
    if (flags.continue === true && !attempt.again) {
      const [whole, part] = await Promise.all([statOf(path), statOf(partOf(path))]);
      if (whole !== undefined || part !== undefined) known = await this.#asked(client, attempt.signal);
      const { size } = known;
      if (size !== undefined && whole?.size === size && isRecent(whole, known)) {
        return { bytes: 0, start: size, skipped: true };
      }
      // What the server has now is another file than the one that this is a part of.
      resume = part !== undefined && isRecent(part, known);
    }
    const o: DownloadOptions = {
      ...this.#transferOptions(attempt),
      known: { size: known.size, modified: known.modified },
      keepTimes: flags.keepTimes !== false,
      verify: flags.verify === true,
      resume,
    };
    return await client.download(this.path, path, o);
  }

  #transferOptions({ signal, onProgress }: Attempt): TransferOptions {
    const { ascii, flags } = this.#o;
    return {
      signal,
      ...(onProgress !== undefined && { onProgress }),
      type: ascii || flags.ascii === true ? "ascii" : "image",
    };
  }

  /** What no listing has told. */
  async #asked(client: FtpClient, signal: AbortSignal): Promise<Known> {
    const { size, modified } = this.#o;
    return {
      size: size ?? (await ifTold(client.size(this.path, { signal }))),
      modified: modified ?? (await ifTold(client.modified(this.path, { signal }))),
    };
  }

  async #isFolder(client: FtpClient, error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof FtpReplyError) || error.reply.code !== 550 || this.size !== undefined)
      return false;
    const found = await ifTold(client.stat(this.path, { signal }));
    return found?.type === "directory";
  }
}

export function folderError(path: string): Error {
  return failure(`${printable(path)} is a folder: -r gets it with all that is in it`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found : undefined;
  } catch {
    // Whatever it is, opening it will tell.
    return undefined;
  }
}

/** Whether what is here was written after the server's file was; times of a second are enough. */
function isRecent({ mtimeMs }: Stats, { modified }: Known): boolean {
  return modified === undefined || mtimeMs >= modified - 1000;
}

/** One file of `ferry get`. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import type { FtpClient } from "../../client/client.js";
import { FtpReplyError } from "../../client/errors.js";
import type { Sessions } from "../../client/pool.js";
import { downloadSegments } from "../../client/segments/download-segments.js";
import { partOf } from "../../client/transfer/sinks.js";
import { escapeHostile } from "../../protocol/text.js";
import { CliError } from "../errors.js";
import { ifTold } from "./asking.js";
import { type Attempt, type FileMove, type Moved, transferOptions } from "./file-moves.js";
import type { FileTarget } from "./local-target.js";
import { sayMissing } from "./targets.js";
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
  readonly shown: string;
  readonly target: FileTarget;
  readonly flags: TransferFlags;
}

type Known = Pick<RemoteFile, "size" | "modified">;

type Found =
  | { readonly is: "nothing" | "part"; readonly known: Known }
  | { readonly is: "whole"; readonly size: number; readonly known: Known };

export class DownloadMove implements FileMove {
  readonly path: string;
  readonly local: string;
  readonly shown: string;
  readonly size: number | undefined;
  readonly repeatable: boolean;
  readonly #o: DownloadMoveOptions;

  constructor(o: DownloadMoveOptions) {
    this.path = o.path;
    this.local = o.local;
    this.shown = o.shown;
    this.size = o.size;
    this.repeatable = o.target.kind === "file";
    this.#o = o;
  }

  async move(attempt: Attempt): Promise<Moved> {
    const { target } = this.#o;
    try {
      return target.kind === "file"
        ? await this.#toFile(target.path, attempt)
        : await this.#on(attempt, (client) =>
            client.download(this.path, target.open(), transferOptions(attempt, this.#o.ascii)),
          );
    } catch (error) {
      throw await this.#explained(error, attempt);
    }
  }

  async #toFile(path: string, attempt: Attempt): Promise<Moved> {
    const { ascii, flags } = this.#o;
    const looks = flags.continue === true && !attempt.again && !ascii;
    const found = looks ? await this.#found(path, attempt) : undefined;
    if (found !== undefined && found.is === "whole") return { bytes: 0, start: found.size, skipped: true };
    const { size, modified } = found?.known ?? this.#o;
    const o = {
      ...transferOptions(attempt, ascii),
      // Converted text has another size than the server's, and where it broke off nobody can go on.
      known: ascii ? { modified } : { size, modified },
      keepTimes: flags.keepTimes !== false,
      verify: flags.verify === true,
      resume: !ascii && (attempt.again || found?.is === "part"),
    };
    const { segments = 1 } = flags;
    if (segments === 1) return await this.#on(attempt, (client) => client.download(this.path, path, o));
    return await downloadSegments(this.#o.pool, this.path, path, { ...o, segments });
  }

  /** What is here of the file already. */
  async #found(path: string, attempt: Attempt): Promise<Found> {
    const [whole, part] = await Promise.all([statOf(path), statOf(partOf(path))]);
    if (whole === undefined && part === undefined) return { is: "nothing", known: this.#o };
    const known = await this.#on(attempt, (client) => this.#asked(client, attempt.signal));
    const { size } = known;
    if (size !== undefined && whole?.size === size && isRecent(whole, known))
      return { is: "whole", size, known };
    // What the server has now may be another file than the one that this is a part of.
    return { is: part !== undefined && isRecent(part, known) ? "part" : "nothing", known };
  }

  #on<T>({ signal }: Attempt, work: (client: FtpClient) => Promise<T>): Promise<T> {
    return this.#o.pool.run(work, { signal });
  }

  /** What no listing has told. */
  async #asked(client: FtpClient, signal: AbortSignal): Promise<Known> {
    const { size, modified } = this.#o;
    return {
      size: size ?? (await ifTold(client.size(this.path, { signal }))),
      modified: modified ?? (await ifTold(client.modified(this.path, { signal }))),
    };
  }

  /** Servers refuse folders, and what is not there, in whatever words. */
  async #explained(error: unknown, { signal }: Attempt): Promise<unknown> {
    if (!(error instanceof FtpReplyError) || error.reply.code !== 550 || this.size !== undefined)
      return error;
    return await this.#o.pool.run(
      async (client) => {
        const found = await ifTold(client.stat(this.path, { signal }));
        if (found?.type === "directory") return folderError(this.shown);
        return found === undefined ? await sayMissing(error, { client, path: this.path, signal }) : error;
      },
      { signal },
    );
  }
}

/** @param shown As messages name it */
export function folderError(shown: string): CliError {
  const message = `${escapeHostile(shown)} is a folder: -r gets it with all that is in it`;
  return new CliError(1, "ERR_FERRY_IS_FOLDER", message);
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

/** Many files moved, so many at once: what breaks is tried again, what fails is told, and the others are moved all the same. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  FtpError,
  FtpLocalError,
  FtpLoginError,
  FtpProxyError,
  FtpVerifyError,
} from "../../client/errors.js";
import type { OnProgress } from "../../client/transfer/progress.js";
import { nothingCanBeWritten } from "../../client/unwritable.js";
import type { TransferOptions } from "../../client/verbs/transfers.js";
import { workOff } from "../../client/work-off.js";
import { escapeHostile } from "../../protocol/text.js";
import { CliError, type ExitCode, errorLine, failure } from "../errors.js";
import { jsonLine } from "../json-line.js";
import { atPath, type RemotePlace, shownPlace, shownUrl } from "./places.js";
import type { ProgressDisplay } from "./progress-display.js";
import { countText, movedText, sizeOfAll } from "./quantities.js";
import { asReported, Failures } from "./reporting.js";

/** Which file it is. */
export interface MovedFile {
  /** On the server. */
  readonly path: string;
  /** The same in messages: its URL, or its path where there is one server only. */
  readonly shown: string;
  /** Here, as the user sees it; "-" is a pipe. */
  readonly local: string;
}

/** How messages name a path on a server. */
export type Naming = (place: RemotePlace, path: string) => string;

export const namedByUrl: Naming = (place, path) =>
  path === place.path ? shownPlace(place) : shownUrl(atPath(place, path).url);

/** One file that is to be moved. */
export interface FileMove extends MovedFile {
  /** Bytes, when known. */
  readonly size?: number | undefined;
  /** Whether a second try can begin anew; not so where the bytes come from a pipe, or went into one. */
  readonly repeatable: boolean;
  /** @throws FtpError, CliError */
  move(attempt: Attempt): Promise<Moved>;
}

export interface Attempt {
  readonly signal: AbortSignal;
  /** Undefined where nobody looks at it. */
  readonly onProgress: OnProgress | undefined;
  /** Whether what an earlier attempt of this very run left may be continued. */
  readonly again: boolean;
}

/** What an attempt asks of the client, in either direction. */
export function transferOptions({ signal, onProgress }: Attempt, ascii: boolean): TransferOptions {
  return { signal, ...(onProgress !== undefined && { onProgress }), type: ascii ? "ascii" : "image" };
}

export interface Moved {
  /** Bytes of this transfer. */
  readonly bytes: number;
  /** Where in the file it began. */
  readonly start: number;
  /** By which digest, or size, both files were found to be the same. */
  readonly verified?: { readonly by: string };
  /** Nothing was to be done: both sides had it. */
  readonly skipped?: boolean;
}

export interface MovingOptions {
  /** Files at once. */
  readonly parallel: number;
  /** How often a file is tried again when it may help. */
  readonly retries: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Milliseconds before a second try; doubled with each one. */
const PAUSE = 500;
const LONGEST_PAUSE = 10_000;

export class FileMoves {
  readonly #o: MovingOptions;
  readonly #display: ProgressDisplay;
  readonly #began = performance.now();
  readonly #sums = { moved: 0, skipped: 0, bytes: 0 };
  readonly #failures: Failures;

  constructor(display: ProgressDisplay, o: MovingOptions) {
    this.#display = display;
    this.#failures = new Failures(display, o);
    this.#o = o;
  }

  /** @throws when there is no use in going on: an interruption, a server that cannot be reached, a bug of ours */
  async run(moves: readonly FileMove[]): Promise<void> {
    this.#display.expect({ files: moves.length, bytes: sizeOfAll(moves) });
    // Whatever ends all ends what runs, too.
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#o.signal, stop.signal]);
    const work = async (each: FileMove): Promise<void> => {
      try {
        await this.#one(each, signal);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    };
    try {
      await workOff(moves, () => this.#o.parallel, work);
    } catch (error) {
      this.#tellEnd(moves);
      throw error;
    }
  }

  /** Something has failed; also what is no file, such as a folder that cannot be read. @throws what ends all */
  failed(error: unknown, file: MovedFile): void {
    if (error instanceof CliError && error.exitCode === 2) throw error;
    const { code, phase, reply, message } = this.#failures.add(error, subjectOf(error, file));
    if (this.#o.json) this.#tell({ ...named(file), error: { code, phase, reply, message } });
  }

  /** The last words, and the exit code. */
  finish(): ExitCode {
    const { moved, skipped, bytes } = this.#sums;
    const { count: failed, exitCode } = this.#failures;
    const all = moved + skipped + failed;
    if (moved > 1) {
      const what = movedText(bytes, performance.now() - this.#began);
      this.#display.note(`${countText(moved, "file")}, ${what}`);
    }
    if (skipped > 0) this.#display.note(`${countText(skipped, "file was", "files were")} there already`);
    if (failed > 0 && all > 1) {
      const error = failure(`${failed} of ${countText(all, "file")} failed`);
      this.#display.errors.write(errorLine(error, { json: this.#o.json }));
    }
    return exitCode;
  }

  async #one(file: FileMove, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const bar = this.#display.begin(file.path, file.size);
    try {
      const moved = await this.#tried(file, { signal, onProgress: bar.at });
      const { bytes, start, verified, skipped = false } = moved;
      bar.end(skipped ? "skipped" : "moved");
      this.#sums[skipped ? "skipped" : "moved"]++;
      this.#sums.bytes += bytes;
      if (!this.#o.json) return;
      const seconds = Math.round(performance.now() - began) / 1000;
      this.#tell({
        ...named(file),
        bytes,
        seconds,
        ...(start > 0 && { start }),
        ...(skipped && { skipped }),
        ...(verified !== undefined && { verified: verified.by }),
      });
    } catch (error) {
      // With a signal that aborted, whatever fails does so because of it.
      const over = signal.aborted;
      bar.end(over ? "stopped" : "failed");
      signal.throwIfAborted();
      if (isHopeless(error)) throw asReported(error, subjectOf(error, file));
      this.failed(error, file);
    }
  }

  async #tried(file: FileMove, o: Omit<Attempt, "again">): Promise<Moved> {
    let again = false;
    for (let failed = 0; ; failed++) {
      try {
        o.signal.throwIfAborted();
        return await file.move({ ...o, again });
      } catch (error) {
        const useful = error instanceof FtpError && error.retryable && file.repeatable;
        if (!useful || failed >= this.#o.retries || o.signal.aborted) throw error;
        again = error.phase === "transfer" && !(error instanceof FtpVerifyError);
        this.#display.note(`${escapeHostile(file.path)}: ${error.message}; trying again`);
        await sleep(Math.min(PAUSE * 2 ** failed, LONGEST_PAUSE), undefined, { signal: o.signal });
      }
    }
  }

  #tell(object: object): void {
    this.#display.output.write(jsonLine(object));
  }

  /** What there is before the end of all is told. */
  #tellEnd(moves: readonly FileMove[]): void {
    const { reason } = this.#o.signal;
    const stopped = reason instanceof CliError && reason.exitCode === 130;
    if (this.#o.json || (!stopped && moves.length === 1)) return;
    const { moved, skipped } = this.#sums;
    const { count: failed } = this.#failures;
    const done = `${moved + skipped} of ${countText(moves.length, "file")} done`;
    const hint = moves.some(({ repeatable }) => repeatable)
      ? "; the same command with -c goes on from here"
      : "";
    this.#display.errors.write(`ferry: ${done}${failed === 0 ? "" : `, ${failed} failed`}${hint}\n`);
  }
}

function named({ path, local }: MovedFile): {
  readonly path: string;
  readonly local: string;
} {
  return { path, local };
}

function subjectOf(error: unknown, { local, shown }: MovedFile): string {
  return error instanceof FtpLocalError ? local : shown;
}

/** What every other file would meet as well. */
function isHopeless(error: unknown): boolean {
  if (nothingCanBeWritten(error)) return true;
  if (error instanceof FtpLoginError || error instanceof FtpProxyError) return true;
  return error instanceof FtpError && (error.phase === "connect" || error.phase === "greeting");
}

/**
 * Lines that are written behind the back of the event loop: to a file, which can be begun again when it was
 * moved, or to a descriptor such as stderr. Not pino's destination: that one writes synchronously at the end of
 * the process, and waits there for ever when the reader of a pipe has stopped reading.
 */
import { close, open, write } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { systemCode } from "../errors.js";

const openFile = promisify(open);
const closeFile = promisify(close);
const writeBytes = promisify(write);

/** Characters of lines that wait while nothing can be written; later ones are dropped. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Milliseconds until a full pipe is tried again. */
const BETWEEN_TRIES = 20;

export interface LineFileOptions {
  /** Of a new file. */
  readonly mode: number;
  /** Told of what could not be written; those lines are lost. */
  readonly onError: (error: unknown) => void;
}

export class LineFile {
  readonly #file: { readonly path: string; readonly mode: number } | undefined;
  readonly #onError: (error: unknown) => void;
  #descriptor: number;
  #waiting = "";
  #dropped = 0;
  #mustReopen = false;
  #writing: Promise<void> | undefined;

  private constructor(
    descriptor: number,
    file: { readonly path: string; readonly mode: number } | undefined,
    onError: (error: unknown) => void,
  ) {
    this.#descriptor = descriptor;
    this.#file = file;
    this.#onError = onError;
  }

  /** Appends to the file. @throws the system's error when it cannot be opened. */
  static async open(path: string, { mode, onError }: LineFileOptions): Promise<LineFile> {
    return new LineFile(await openFile(path, "a", mode), { path, mode }, onError);
  }

  /** On a descriptor that stays open. */
  static on(descriptor: number, onError: (error: unknown) => void): LineFile {
    return new LineFile(descriptor, undefined, onError);
  }

  append(line: string): void {
    if (this.#waiting.length + line.length > MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += line;
    this.#begin();
  }

  /** The next lines go to a new file; what waits already goes to the old one. */
  reopen(): void {
    this.#mustReopen = true;
    this.#begin();
  }

  /** Resolves when everything so far was written, or was told to `onError`. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async close(): Promise<void> {
    await this.flushed();
    if (this.#file !== undefined) await closeFile(this.#descriptor);
  }

  #begin(): void {
    this.#writing ??= this.#work().finally(() => {
      this.#writing = undefined;
      if (this.#waiting !== "" || this.#mustReopen) this.#begin();
    });
  }

  /** One write for all lines that came while the last one ran. */
  async #work(): Promise<void> {
    const [lines, mustReopen] = [this.#waiting, this.#mustReopen];
    [this.#waiting, this.#mustReopen] = ["", false];
    try {
      await this.#write(Buffer.from(lines));
      this.#tellOfDropped();
      if (!mustReopen || this.#file === undefined) return;
      const old = this.#descriptor;
      this.#descriptor = await openFile(this.#file.path, "a", this.#file.mode);
      await closeFile(old);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Once for each time that nothing could be written, when it can again. */
  #tellOfDropped(): void {
    const dropped = this.#dropped;
    if (dropped === 0) return;
    this.#dropped = 0;
    this.#onError(new Error(`${dropped} ${dropped === 1 ? "line was" : "lines were"} lost meanwhile`));
  }

  /** A pipe whose reader is slow takes a part, or nothing for now. */
  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      try {
        const { bytesWritten } = await writeBytes(this.#descriptor, bytes, at, bytes.length - at, null);
        at += bytesWritten;
      } catch (error) {
        if (systemCode(error) !== "EAGAIN") throw error;
        await wait(BETWEEN_TRIES);
      }
    }
  }
}

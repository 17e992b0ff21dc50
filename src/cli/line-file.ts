/** A file that lines are appended to without waiting for the disk, and that can be begun again when it was moved. */
import { type FileHandle, open } from "node:fs/promises";

/** Characters of lines that wait while the file cannot be written; later ones are dropped. */
const MAX_WAITING = 1024 * 1024;

export class LineFile {
  readonly #path: string;
  readonly #mode: number;
  readonly #onError: (error: unknown) => void;
  #handle: FileHandle;
  #waiting = "";
  #mustReopen = false;
  #writing: Promise<void> | undefined;

  private constructor(path: string, mode: number, handle: FileHandle, onError: (error: unknown) => void) {
    this.#path = path;
    this.#mode = mode;
    this.#handle = handle;
    this.#onError = onError;
  }

  /**
   * @param onError Told of what could not be written later; those lines are lost.
   * @throws the system's error when the file cannot be opened.
   */
  static async open(path: string, mode: number, onError: (error: unknown) => void): Promise<LineFile> {
    return new LineFile(path, mode, await open(path, "a", mode), onError);
  }

  append(line: string): void {
    if (this.#waiting.length + line.length > MAX_WAITING) return;
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
    await this.#handle.close();
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
      if (lines !== "") await this.#handle.appendFile(lines);
      if (!mustReopen) return;
      const next = await open(this.#path, "a", this.#mode);
      await this.#handle.close();
      this.#handle = next;
    } catch (error) {
      this.#onError(error);
    }
  }
}

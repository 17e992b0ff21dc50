/** Standard output and standard error of a process, as commands see them. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { encodeText } from "../protocol/text.js";
import type { TerminalOutput } from "./terminal.js";

/** What Node gives as process.stdout and process.stderr; what it is for a terminal only may be missing. */
export type StandardStream = Writable & {
  readonly isTTY?: boolean;
  readonly fd?: number;
  readonly columns?: number;
  readonly rows?: number;
};

export class StandardOutput implements TerminalOutput {
  readonly #stream: StandardStream;
  readonly #failure = new AbortController();

  /** From now on an error of the stream ends nothing by itself: `ferry user list | head` closes it early. */
  constructor(stream: StandardStream) {
    this.#stream = stream;
    stream.on("error", (error) => this.#failure.abort(error));
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true;
  }

  get fd(): number {
    return this.#stream.fd ?? -1;
  }

  /** A width of 0, as some pseudo terminals tell it, is none. */
  get columns(): number {
    return this.#stream.columns || 80;
  }

  get rows(): number {
    return this.#stream.rows || 24;
  }

  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Names that are not UTF-8 are written as the bytes that they are. */
  write(chunk: string | Uint8Array): void {
    if (!this.failed.aborted) this.#stream.write(typeof chunk === "string" ? encodeText(chunk) : chunk);
  }

  async drained(): Promise<void> {
    const { failed } = this;
    failed.throwIfAborted();
    if (!this.#stream.writableNeedDrain) return;
    try {
      await once(this.#stream, "drain", { signal: failed });
    } catch (error) {
      failed.throwIfAborted();
      throw error;
    }
  }

  onResize(listener: () => void): () => void {
    this.#stream.on("resize", listener);
    return () => {
      this.#stream.removeListener("resize", listener);
    };
  }

  /** Resolves when all that was written has gone, or cannot go. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.failed.aborted) resolve();
      else this.#stream.write("", () => resolve());
    });
  }
}

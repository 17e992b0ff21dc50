/** A file that gets its name only when it turns out to be right. */
import type { Entry, WriteHandle } from "../../storage/storage.js";
import { FtpVerifyError } from "../errors.js";
import { dropPart } from "../transfer/sinks.js";
import type { Comparison } from "./compare.js";

export class CheckedSink implements WriteHandle {
  readonly start: number;
  readonly #inner: WriteHandle;
  readonly #path: string;
  readonly #compare: (received: number) => Comparison | Promise<Comparison>;
  #received = 0;
  #comparison: Comparison | undefined;

  /** `compare` is told how many bytes came; what is not equal is removed, with all that was there before. */
  constructor(
    inner: WriteHandle,
    path: string,
    compare: (received: number) => Comparison | Promise<Comparison>,
  ) {
    this.start = inner.start;
    this.#inner = inner;
    this.#path = path;
    this.#compare = compare;
  }

  /** Of a file that was committed. */
  get comparison(): Comparison {
    if (this.#comparison === undefined) throw new Error("nothing was compared yet");
    return this.#comparison;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#received += chunk.length;
    return this.#inner.write(chunk);
  }

  interrupt(): void {
    this.#inner.interrupt?.();
  }

  async commit(): Promise<Entry> {
    try {
      this.#comparison = await this.#compare(this.#received);
    } catch (error) {
      await this.#inner.abandon(error);
      throw error;
    }
    if (this.#comparison.equal) return await this.#inner.commit();
    const error = new FtpVerifyError(this.#comparison.by);
    await this.#inner.abandon(error);
    // Continuing it would never make it right.
    await dropPart(this.#path);
    throw error;
  }

  abandon(cause: unknown): Promise<{ readonly kept: number }> {
    return this.#inner.abandon(cause);
  }
}

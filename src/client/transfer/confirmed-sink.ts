/** What a download is written to: its file, which counts only when the transfer is over. */
import type { Entry, WriteHandle } from "../../storage/storage.js";

/** Thrown to end a transfer whose bytes beyond a range nobody wants. */
export class RangeComplete extends Error {}

/** A file that counts only when the server has confirmed it, or when all of a range is there. */
export class ConfirmedSink implements WriteHandle {
  readonly start: number;
  readonly #inner: WriteHandle;
  readonly #confirmed: () => Promise<unknown>;
  #left: number;
  #received = 0;
  /** Whether it was committed, or could not be: either way it is not to be touched again. */
  #ended = false;

  constructor(inner: WriteHandle, length: number | undefined, confirmed: () => Promise<unknown>) {
    this.start = inner.start;
    this.#inner = inner;
    this.#left = length ?? Number.POSITIVE_INFINITY;
    this.#confirmed = confirmed;
  }

  /** Bytes that came so far. */
  get received(): number {
    return this.#received;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#received += chunk.length;
    if (chunk.length <= this.#left) {
      this.#left -= chunk.length;
      return this.#inner.write(chunk);
    }
    return this.#last(chunk.subarray(0, this.#left));
  }

  interrupt(): void {
    this.#inner.interrupt?.();
  }

  async commit(): Promise<Entry> {
    try {
      await this.#confirmed();
    } catch (error) {
      await this.#inner.abandon(error);
      throw error;
    }
    return await this.#inner.commit();
  }

  async abandon(cause: unknown): Promise<{ readonly kept: number }> {
    return this.#ended ? { kept: 0 } : await this.#inner.abandon(cause);
  }

  async #last(chunk: Uint8Array): Promise<never> {
    this.#left = 0;
    if (chunk.length > 0) await this.#inner.write(chunk);
    this.#ended = true;
    await this.#inner.commit();
    throw new RangeComplete();
  }
}

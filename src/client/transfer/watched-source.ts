/** What an upload is read from: its file, of which is known whether all of it was read. */
import type { ReadHandle } from "../../storage/storage.js";

export class WatchedSource implements ReadHandle {
  readonly size: number | undefined;
  readonly #inner: ReadHandle;
  #ended = false;

  constructor(inner: ReadHandle) {
    this.size = inner.size;
    this.#inner = inner;
  }

  /** Whether its end was read. */
  get ended(): boolean {
    return this.#ended;
  }

  read(into: Uint8Array): number | Promise<number> {
    const answer = this.#inner.read(into);
    return typeof answer === "number" ? this.#seen(answer) : answer.then((length) => this.#seen(length));
  }

  interrupt(): void {
    this.#inner.interrupt?.();
  }

  close(): void | Promise<void> {
    return this.#inner.close();
  }

  #seen(length: number): number {
    if (length === 0) this.#ended = true;
    return length;
  }
}

/** One transfer while it runs: what has moved, what it waits for, and what ended it from outside. */

import { DataConnectionError, type DataSocket } from "../connection/data-connection.js";
import { LONGEST_TIMEOUT } from "../connection/deadline.js";
import type { AbortLike } from "../connection/stop.js";
import { StorageError } from "../storage/errors.js";
import type { TransferProgress } from "./outcome.js";
import { Throttle } from "./throttle.js";
import { nextTurn, turns } from "./turns.js";

/** Why a transfer is not complete, as its outcome will say it. */
export type Failure =
  | { readonly kind: "aborted" }
  | { readonly kind: "not-opened"; readonly error: DataConnectionError }
  | { readonly kind: "remote"; readonly error: Error }
  | { readonly kind: "local"; readonly error: unknown };

export interface RunOptions {
  readonly signal: AbortLike;
  readonly stallTimeout: number;
  readonly rate?: number | Throttle | undefined;
}

/** Looks in one stall timeout: a stall is seen at the latest a quarter of it too late. */
const LOOKS = 4;

export class Run implements TransferProgress {
  /** Whose fault an error, or a silence, is: set before each step. */
  waitsFor: "peer" | "storage" | "clock" = "peer";
  total: number | undefined;
  readonly #options: RunOptions;
  readonly #began = performance.now();
  readonly #throttle: Throttle | undefined;
  #ended: number | undefined;
  #bytes = 0;
  /** Grows with whatever moves, a chunk that holds no byte of the file included. */
  #steps = 0;
  #socket: DataSocket | undefined;
  #failure: Failure | undefined;
  #over = false;
  #failed: (failure: Failure) => void = () => {};
  #sleeping: { readonly timer: NodeJS.Timeout; wake(): void } | undefined;
  #watch: { readonly timer: NodeJS.Timeout; position: number; quiet: number } | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    const { rate } = options;
    this.#throttle = typeof rate === "number" ? new Throttle(rate, this.#began) : rate;
    if (options.signal.aborted) this.#fail({ kind: "aborted" });
    else options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get bytes(): number {
    return this.#bytes;
  }

  get elapsed(): number {
    return (this.#ended ?? performance.now()) - this.#began;
  }

  /** Bytes that the next chunk may have. */
  get chunk(): number {
    return this.#throttle?.chunk(turns.chunk) ?? turns.chunk;
  }

  /** What the work, which never rejects, comes to; or what ends it from outside: the signal, `stopped`, a stall. */
  firstOf(work: Promise<Failure | undefined>): Promise<Failure | undefined> {
    if (this.#failure !== undefined) return Promise.resolve(this.#failure);
    return new Promise((resolve) => {
      this.#failed = resolve;
      void work.then(resolve);
    });
  }

  /** As if the signal aborted. */
  stopped(): void {
    if (!this.#over) this.#fail({ kind: "aborted" });
  }

  /** What ended it from outside, if anything has. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The data connection is open: from now on bytes must move. */
  opened(socket: DataSocket): void {
    this.#socket = socket;
    this.check();
    const { stallTimeout } = this.#options;
    if (stallTimeout > LONGEST_TIMEOUT) return;
    const timer = setInterval(this.#look, Math.max(1, stallTimeout / LOOKS));
    this.#watch = { timer, position: 0, quiet: 0 };
  }

  /** @throws when the transfer was ended from outside while somebody was waited for. */
  check(): void {
    if (this.#failure !== undefined) throw new DataConnectionError("closed");
  }

  /** Bytes of the file that were moved. */
  count(bytes: number): void {
    this.#bytes += bytes;
    this.#steps += bytes + 1;
  }

  /** Before the next chunk: lets everybody else have a turn, and keeps to the rate. */
  async pause(bytesMoved: number): Promise<void> {
    const wait = this.#throttle?.spend(bytesMoved, performance.now()) ?? 0;
    this.waitsFor = "clock";
    if (wait < 1) await nextTurn();
    else await this.#sleep(wait);
    this.check();
  }

  /** What an error means that came out of a step. */
  blame(error: unknown): Failure {
    if (this.#failure !== undefined) return this.#failure;
    if (this.waitsFor === "storage") return { kind: "local", error };
    return { kind: "remote", error: error instanceof Error ? error : new Error(String(error)) };
  }

  /** The data part is over: nothing can end it from outside any more. */
  end(): void {
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    clearInterval(this.#watch?.timer);
    this.#watch = undefined;
  }

  /** Stops the clock. */
  stop(): void {
    this.#ended = performance.now();
  }

  readonly #onAbort = (): void => {
    this.#fail({ kind: "aborted" });
  };

  #fail(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.end();
    this.#socket?.destroy(failure.kind === "remote" ? failure.error : undefined);
    this.#sleeping?.wake();
    this.#failed(failure);
  }

  /** One timer for the whole transfer, which costs nothing per chunk. */
  readonly #look = (): void => {
    const watch = this.#watch;
    if (watch === undefined) return;
    const position = this.#steps - (this.#socket?.unsent ?? 0);
    const moving = position !== watch.position || this.waitsFor === "clock";
    watch.position = position;
    watch.quiet = moving ? 0 : watch.quiet + 1;
    if (watch.quiet < LOOKS) return;
    this.#fail(
      this.waitsFor === "storage"
        ? { kind: "local", error: new StorageError("timeout", "the storage moved no byte for too long") }
        : { kind: "remote", error: new DataConnectionError("stalled", "no byte moved for too long") },
    );
  };

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleeping = undefined;
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#sleeping = { timer, wake };
    });
  }
}

/** One after the other: operations on one control connection never overlap, and none is ever refused. */
import type { AbortLike } from "../../connection/stop.js";

export class Turnstile {
  #taken = false;
  readonly #queue: (() => void)[] = [];
  #onWaiting: (() => void) | undefined;

  /** Operations that wait for the running one. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Calls once, as soon as somebody waits; at once when somebody does. Undefined takes the call back. */
  set onWaiting(call: (() => void) | undefined) {
    this.#onWaiting = call;
    if (call !== undefined && this.waiting > 0) this.#tell();
  }

  /**
   * Waits for its turn; undefined when it has come already. The place is given up when the signal aborts. Whoever
   * has the turn calls `leave` once.
   * @throws the signal's reason
   */
  enter(signal: AbortLike | undefined): Promise<void> | undefined {
    if (signal?.aborted === true) throw signal.reason;
    if (this.#taken) return this.#wait(signal);
    this.#taken = true;
    this.#onWaiting = undefined;
    return undefined;
  }

  /** The next one's turn. */
  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }

  #wait(signal: AbortLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal?.removeEventListener("abort", onAbort);
        this.#onWaiting = undefined;
        resolve();
      };
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(onTurn), 1);
        reject(signal?.reason);
      };
      this.#queue.push(onTurn);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#tell();
    });
  }

  #tell(): void {
    const call = this.#onWaiting;
    this.#onWaiting = undefined;
    call?.();
  }
}

/** Whoever waits for a session's next reply: one at a time, with a deadline, and a signal that ends it. */
import { LONGEST_TIMEOUT } from "../../connection/deadline.js";
import type { AbortLike } from "../../connection/stop.js";
import type { Reply } from "../../protocol/reply.js";
import { FtpAbortError, type FtpPhase, FtpTimeoutError } from "../errors.js";

export interface Wait {
  readonly signal: AbortLike;
  /** Milliseconds; Infinity for no limit. */
  readonly timeout: number;
  readonly phase: FtpPhase;
}

interface Waiting {
  readonly wait: Wait;
  resolve(reply: Reply<number>): void;
  reject(error: Error): void;
}

const SILENT_HINT = 'A server that says nothing may wait for TLS: `tls: "implicit"`, usually on port 990.';

/** One timer goes round for all replies of a session: to make one for each would cost more than to read it. */
export class ReplyWait {
  #waiting: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timeout = 0;

  /** @throws FtpTimeoutError, FtpAbortError */
  next(wait: Wait): Promise<Reply<number>> {
    const { signal, phase } = wait;
    if (signal.aborted) return Promise.reject(new FtpAbortError(phase, signal.reason));
    return new Promise((resolve, reject) => {
      this.#waiting = { wait, resolve, reject };
      signal.addEventListener("abort", this.#onAbort, { once: true });
      this.#startTimer(wait.timeout);
    });
  }

  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  resolve(reply: Reply<number>): void {
    this.#taken()?.resolve(reply);
  }

  reject(error: Error): void {
    this.#taken()?.reject(error);
  }

  /** Nobody will wait any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #taken(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.wait.signal.removeEventListener("abort", this.#onAbort);
    return waiting;
  }

  readonly #onAbort = (): void => {
    const waiting = this.#taken();
    waiting?.reject(new FtpAbortError(waiting.wait.phase, waiting.wait.signal.reason));
  };

  #startTimer(timeout: number): void {
    if (timeout > LONGEST_TIMEOUT) return;
    if (this.#timer !== undefined && this.#timeout === timeout) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timeout = timeout;
    this.#timer = setTimeout(this.#onLate, timeout);
  }

  readonly #onLate = (): void => {
    this.#timer = undefined;
    // It goes on behind the last reply that had a deadline.
    if (this.#waiting?.wait.timeout !== this.#timeout) return;
    const { timeout, phase } = this.#waiting.wait;
    const hint = phase === "greeting" ? SILENT_HINT : undefined;
    this.reject(new FtpTimeoutError(`the server did not answer within ${timeout} ms`, { phase, hint }));
  };
}

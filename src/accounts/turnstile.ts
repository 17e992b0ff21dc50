/** Lets a bounded number of jobs run at once, and a bounded number wait, first come first served. */

/** Why a job was not begun. */
export class TurnstileError extends Error {
  override readonly name = "TurnstileError";
  readonly code = "ERR_FERRY_BUSY";
}

export class Turnstile {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @throws RangeError unless `atOnce` is 1 or more and `mostWaiting` 0 or more. */
  constructor(atOnce: number, mostWaiting: number) {
    if (!(atOnce >= 1) || !(mostWaiting >= 0))
      throw new RangeError("a turnstile lets at least one job through");
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs the job when its turn comes.
   * @throws TurnstileError at once when too many wait; the signal's reason when it aborts before the turn.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(signal);
    try {
      return await job();
    } finally {
      this.#leave();
    }
  }

  /** The place of the one who leaves goes straight to the first who waits, so `#running` stays as it is. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      return Promise.reject(new TurnstileError(`${this.#waiting.length} jobs wait already`));
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal?.reason);
      };
      this.#waiting.push(go);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }
}

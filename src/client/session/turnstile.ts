/** One after the other: operations on one control connection never overlap, and none is ever refused. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #onWaiting: (() => void) | undefined;

  /** Operations that wait for the running one. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Calls once, as soon as somebody waits; at once when somebody does. Undefined takes the call back. */
  set onWaiting(call: (() => void) | undefined) {
    this.#onWaiting = call;
    if (call !== undefined && this.#waiting > 0) this.#tell();
  }

  /**
   * Waits for its turn. The place is given up when the signal aborts. Whoever has the turn calls `leave` once.
   * @throws the signal's reason
   */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const before = this.#last;
    let leave: () => void = () => {};
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last = before.then(() => mine);
    this.#waiting++;
    this.#tell();
    try {
      await unlessAborted(before, signal);
    } catch (error) {
      leave();
      throw error;
    } finally {
      this.#waiting--;
    }
    this.#onWaiting = undefined;
    return leave;
  }

  #tell(): void {
    const call = this.#onWaiting;
    this.#onWaiting = undefined;
    call?.();
  }
}

function unlessAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const done = () => {
      signal.removeEventListener("abort", onAbort);
      resolve(undefined);
    };
    work.then(done, done);
  });
}

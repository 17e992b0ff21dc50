/** What ends work from outside. */

/** Every AbortSignal is one. */
export interface AbortLike {
  readonly aborted: boolean;
  /** Of `aborted`. */
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, o?: { readonly once: true }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Controller and signal in one, for use within the library: Node's own are events with all their rules, and cost as
 * much as a small file's bytes to make and to listen to. It is told once, and whoever listens then is told no more.
 */
export class Stop implements AbortLike {
  readonly #listeners: (() => void)[] = [];
  #aborted = false;
  #reason: unknown;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  abort(reason: unknown = new Error("stopped")): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    // One may take another one away.
    for (let next = this.#listeners.shift(); next !== undefined; next = this.#listeners.shift()) next();
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.#aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    // The last one that was added is most often the first to go.
    const index = this.#listeners.lastIndexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }
}

/** For what of Node's takes no signal but its own. */
export async function withAbortSignal<T>(
  signal: AbortLike,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await work(controller.signal);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

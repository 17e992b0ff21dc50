/** Between a listing that comes in and those who go through it: no more is held than they are behind by. */

/** Milliseconds that the network waits for a reader, who may be busy elsewhere; servers give up after some more. */
const PATIENCE = 10_000;
/** Items that may wait before the network is made to. */
const HIGH_WATER = 1024;

export class EntryChannel<Item> {
  #items: Item[] = [];
  #state: "open" | "ended" | { readonly error: unknown } = "open";
  /** Whether no more is waited for the reader: somebody else needs the connection. */
  #released = false;
  #arrived: (() => void) | undefined;
  #drained: (() => void) | undefined;

  /** A promise when the reader is behind. */
  push(items: readonly Item[]): void | Promise<void> {
    if (items.length === 0) return undefined;
    for (const item of items) this.#items.push(item);
    this.#arrived?.();
    if (this.#released || this.#items.length < HIGH_WATER) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.release(), PATIENCE);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** From now on everything is taken at once. */
  release(): void {
    this.#released = true;
    this.#drained?.();
  }

  end(): void {
    this.#finish("ended");
  }

  /** What came before the error is still given. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** All that is there, or comes next; undefined at the end. @throws what `fail` was told */
  async next(): Promise<readonly Item[] | undefined> {
    while (this.#items.length === 0) {
      if (this.#state === "ended") return undefined;
      if (this.#state !== "open") throw this.#state.error;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const items = this.#items;
    this.#items = [];
    this.#drained?.();
    this.#drained = undefined;
    return items;
  }

  #finish(state: "ended" | { readonly error: unknown }): void {
    if (this.#state !== "open") return;
    this.#state = state;
    this.#arrived?.();
  }
}

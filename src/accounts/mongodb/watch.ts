/** Tells that some account may have changed: by a change stream where there are any, else by asking each second. */
import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "./database.js";
import { isUnsupported } from "./errors.js";

export interface WatchOptions {
  /** Milliseconds between two questions; 1000 by default. */
  readonly interval?: number;
  /** "auto" by default; "polling" takes no change stream even where there are some. */
  readonly changes?: "auto" | "polling";
}

/** Milliseconds after a change in which others are awaited, so that an import of thousands is a few looks. */
const BURST = 100;
/** Programs that write accounts without telling (see docs/accounts.md) are noticed after this time. */
const UNTOLD = 30_000;

export class Watch {
  readonly #database: Database;
  readonly #interval: number;
  readonly #onChange: () => Promise<void>;
  readonly #closed = new AbortController();
  readonly #running: Promise<unknown>;
  /** How changes come now. */
  #source: "change stream" | "polling" = "polling";
  #token: string | undefined;
  #lastLook = performance.now();
  #looking: Promise<void> | undefined;
  #again = false;
  #soon: NodeJS.Timeout | undefined;

  /** `onChange` looks at every account in use; it is never called twice at the same time. */
  constructor(database: Database, o: WatchOptions, onChange: () => Promise<void>) {
    this.#database = database;
    this.#interval = o.interval ?? 1000;
    this.#onChange = onChange;
    this.#running = Promise.all([this.#poll(), ...(o.changes === "polling" ? [] : [this.#follow()])]);
  }

  get source(): "change stream" | "polling" {
    return this.#source;
  }

  /** Looks now, and again when something changed meanwhile. Never throws. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#soon);
    await this.#running;
    await this.#looking;
  }

  async #look(): Promise<void> {
    do {
      this.#again = false;
      this.#lastLook = performance.now();
      // Away: the next question finds out when it is back.
      await this.#onChange().catch(() => {
        this.#token = undefined;
      });
    } while (this.#again && !this.#closed.signal.aborted);
  }

  /** Goes on beside a change stream, which may break at any time, at a question per second. */
  async #poll(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await wait(this.#interval, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      if ((await this.#tokenChanged()) || performance.now() - this.#lastLook > UNTOLD) await this.look();
    }
  }

  async #tokenChanged(): Promise<boolean> {
    const { state } = this.#database;
    try {
      const found = await this.#database.run("asking for changes", () => state.findOne({ _id: "changes" }));
      const token = found !== null && "token" in found ? String(found.token) : "";
      const changed = token !== this.#token;
      this.#token = token;
      return changed;
    } catch {
      return false;
    }
  }

  /** Whether there are change streams shows when one is opened. */
  async #follow(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await this.#readStream();
      } catch (error) {
        if (isUnsupported(error)) {
          const { name } = this.#database.features;
          this.#database.log(
            `${name} has no change streams: changes of accounts are polled every ${this.#interval} ms`,
          );
          return;
        }
        // Away, or the stream broke: polling goes on, and another stream is opened.
      } finally {
        this.#source = "polling";
      }
      await wait(this.#interval, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Until it breaks, or ends because the collection was dropped, as `mongorestore --drop` does. */
  async #readStream(): Promise<void> {
    const { signal } = this.#closed;
    const stream = this.#database.accounts.watch([], { maxAwaitTimeMS: 1000 });
    const stop = (): void => void stream.close().catch(() => undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!signal.aborted) {
        const asked = performance.now();
        const event = await stream.tryNext();
        if (this.#source === "polling") {
          this.#source = "change stream";
          this.#database.log("changes of accounts come by a change stream");
          // What changed before the stream began.
          this.#lookSoon();
        }
        if (event !== null) this.#lookSoon();
        // The stream has ended, and would give nothing for ever without a turn of the loop.
        if (event?.operationType === "invalidate" || stream.closed) return;
        // Servers should wait for an event; one that does not is not asked all the time.
        const waited = performance.now() - asked;
        if (event === null && waited < BURST) await wait(BURST - waited, undefined, { signal, ref: false });
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  #lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, BURST).unref();
  }
}

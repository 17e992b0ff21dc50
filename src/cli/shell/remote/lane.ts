/**
 * Sessions of a pool, as one job may use them: behind the prompt a job leaves one session free, so that what is
 * typed next does not wait for it.
 */
import type { FtpClient } from "../../../client/client.js";
import type { Sessions } from "../../../client/pool.js";
import type { JobPlace } from "../jobs/job.js";

type Work<T> = (client: FtpClient) => T | Promise<T>;
type Options = { readonly signal?: AbortSignal | undefined };

/** Counts what all jobs behind the prompt use together. */
export class BackgroundShare {
  readonly #pool: Sessions;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(pool: Sessions) {
    this.#pool = pool;
  }

  get limit(): number {
    return Math.max(1, this.#pool.limit - 1);
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    while (this.#used >= this.limit && signal?.aborted !== true) await this.#turn(signal);
    this.#used++;
    try {
      return await work();
    } finally {
      this.#used--;
      this.#waiting.shift()?.();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(done), 1);
        done();
      };
      this.#waiting.push(done);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
}

export class Lane implements Sessions {
  readonly #pool: Sessions;
  readonly #share: BackgroundShare;
  readonly #place: () => JobPlace;
  readonly #prepare: (client: FtpClient, signal: AbortSignal | undefined) => Promise<void>;

  /**
   * @param place Where the job is now
   * @param prepare Called with each session before it is used
   */
  constructor(
    pool: Sessions,
    share: BackgroundShare,
    place: () => JobPlace,
    prepare: (client: FtpClient, signal: AbortSignal | undefined) => Promise<void>,
  ) {
    this.#pool = pool;
    this.#share = share;
    this.#place = place;
    this.#prepare = prepare;
  }

  get origin(): string {
    return this.#pool.origin;
  }

  get limit(): number {
    return this.#place() === "background" ? this.#share.limit : this.#pool.limit;
  }

  run<T>(work: Work<T>, o: Options = {}): Promise<T> {
    const run = (): Promise<T> =>
      this.#pool.run(async (client) => {
        await this.#prepare(client, o.signal);
        return await work(client);
      }, o);
    return this.#place() === "background" ? this.#share.run(run, o.signal) : run();
  }
}

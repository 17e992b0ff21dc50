/** Several sessions with one server, as many as it takes. */

import { setMaxListeners } from "node:events";
import { type AbortLike, Stop } from "../connection/stop.js";
import { FtpClient } from "./client.js";
import { withEither } from "./either-signal.js";
import {
  FtpAbortError,
  FtpArgumentError,
  FtpClosedError,
  FtpConnectionError,
  type FtpError,
  FtpLoginError,
  FtpReplyError,
} from "./errors.js";
import { type FtpClientOptions, originOf, settingsOf } from "./options.js";
import { RateLimit } from "./rate-limit.js";

export interface FtpPoolOptions extends FtpClientOptions {
  /** Sessions at once at most; 4 when absent. */
  readonly connections?: number;
  /** Milliseconds after which one session more is tried, when the server had enough of them (421); 30,000 when absent. */
  readonly growAgain?: number;
}

/** What work that takes several sessions needs: a pool, or one client that does one thing after the other. */
export type Sessions = Pick<FtpPool, "run" | "limit" | "origin">;

export function sessionsOf(source: Sessions | FtpClient): Sessions {
  if (!(source instanceof FtpClient)) return source;
  return { limit: 1, origin: source.origin, run: async (work) => await work(source) };
}

/** Every session listens to it: Node.js would warn of a leak from the eleventh on. */
function unlimited(signal: AbortLike): void {
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
}

/** Milliseconds after which one session more is tried, when the server had enough of them. */
const GROW_AGAIN = 30_000;

const TOO_MANY = /too many|maximum|limit|already (?:connected|logged)/i;

/**
 * Sessions are opened when they are needed. When the server refuses one more (421, or 530), the
 * pool goes on with those that it has, and tries again later.
 */
export class FtpPool implements AsyncDisposable {
  readonly #options: FtpClientOptions;
  readonly #most: number;
  readonly #growAgain: number;
  readonly #clients = new Set<FtpClient>();
  readonly #idle: FtpClient[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #stop = new Stop();
  #limit: number;
  #limitedAt = 0;
  #connecting = 0;
  #working = 0;
  /** Called when no work runs any more. */
  #quiet: (() => void) | undefined;

  /** Connects nowhere yet. @throws FtpArgumentError */
  constructor({ connections = 4, growAgain = GROW_AGAIN, ...options }: FtpPoolOptions) {
    if (!Number.isInteger(connections) || connections < 1) {
      throw new FtpArgumentError("connections is to be 1 or more");
    }
    settingsOf(options);
    const { rate } = options;
    this.#options = typeof rate === "number" ? { ...options, rate: new RateLimit(rate) } : options;
    this.#most = connections;
    this.#growAgain = growAgain;
    this.#limit = connections;
  }

  /** Whose files these are: `anna@ftp.example.org:21`. */
  get origin(): string {
    return originOf(settingsOf(this.#options));
  }

  /** Sessions that may be open at once now: what was asked for, or what the server lets us have. */
  get limit(): number {
    return this.#limit;
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#clients.size;
  }

  /** Does some work on a session that nobody else uses meanwhile. */
  async run<T>(
    work: (client: FtpClient) => T | Promise<T>,
    { signal }: { readonly signal?: AbortLike | undefined } = {},
  ): Promise<T> {
    if (signal !== undefined) unlimited(signal);
    const client = this.#takeNow(signal) ?? (await this.#take(signal));
    this.#working++;
    try {
      const result = await work(client);
      this.#idle.push(client);
      return result;
    } catch (error) {
      await this.#afterFailure(client, error);
      throw error;
    } finally {
      this.#working--;
      if (this.#working === 0) this.#quiet?.();
      this.#wake();
    }
  }

  /** Lets work that runs end, all of it, and says goodbye. Work that waits for a session fails with FtpClosedError. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeAll();
    if (this.#working > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    await Promise.all([...this.#clients].map((client) => client.close()));
  }

  /** Ends everything now; work that runs fails with FtpClosedError. */
  async destroy(): Promise<void> {
    this.#stop.abort();
    this.#wakeAll();
    await Promise.all([...this.#clients].map((client) => client.destroy()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What failed on one session is tried again on another; one that the server does not let in again is given up. */
  async #afterFailure(client: FtpClient, error: unknown): Promise<void> {
    const shutOut = this.#isFull(error) && (error.phase === "greeting" || error.phase === "login");
    if (!shutOut || client.connected || this.#clients.size <= 1) {
      this.#idle.unshift(client);
      return;
    }
    this.#clients.delete(client);
    this.#shrink();
    await client.destroy();
  }

  /** Where nobody has to be waited for, and nothing to be asked. */
  #takeNow(signal: AbortLike | undefined): FtpClient | undefined {
    const last = this.#idle.at(-1);
    if (last?.connected !== true || this.#stop.aborted || signal?.aborted === true) return undefined;
    return this.#idle.pop();
  }

  async #take(signal: AbortLike | undefined): Promise<FtpClient> {
    for (;;) {
      if (this.#stop.aborted) throw new FtpClosedError();
      if (signal?.aborted === true) {
        // It may have been woken before it gave up: the next one takes what it leaves.
        if (this.#idle.length > 0) this.#wake();
        throw new FtpAbortError("connect", signal.reason);
      }
      const idle = this.#takeIdle();
      if (idle !== undefined) return idle;
      this.#grow();
      if (this.#clients.size + this.#connecting >= this.#limit) await this.#turn(signal);
      else {
        const client = await this.#connect(signal);
        if (client !== undefined && !this.#stop.aborted) return client;
      }
    }
  }

  /** One that is still connected, if there is one; the others make a new connection when they are used. */
  #takeIdle(): FtpClient | undefined {
    const index = this.#idle.findLastIndex(({ connected }) => connected);
    return index === -1 ? this.#idle.pop() : this.#idle.splice(index, 1)[0];
  }

  /** Undefined when the server has enough of us, and there are others to wait for. */
  async #connect(signal: AbortLike | undefined): Promise<FtpClient | undefined> {
    this.#connecting++;
    try {
      const client = await withEither(signal, this.#stop, (either) =>
        FtpClient.connect(this.#options, { signal: either }),
      );
      this.#clients.add(client);
      // Whoever ended the pool in the last moment has not seen this one.
      if (this.#stop.aborted) await client.destroy();
      return client;
    } catch (error) {
      if (this.#stop.aborted) throw new FtpClosedError();
      if (!this.#isFull(error) || this.#clients.size + this.#connecting <= 1) throw error;
      // Others that still try may get theirs.
      this.#shrink(this.#connecting - 1);
      return undefined;
    } finally {
      this.#connecting--;
      this.#wake();
    }
  }

  #shrink(connecting = this.#connecting): void {
    this.#limit = Math.max(1, this.#clients.size + connecting);
    this.#limitedAt = performance.now();
  }

  /** Several servers, ProFTPD among them, refuse one session too many as they refuse a wrong password: by 530. */
  #isFull(error: unknown): error is FtpError {
    if (error instanceof FtpConnectionError) return error.reply?.code === 421;
    if (error instanceof FtpReplyError) return error.phase === "greeting";
    if (!(error instanceof FtpLoginError)) return false;
    const { code, lines = [] } = error.reply ?? {};
    // Who was let in before has the right password.
    return code === 421 || this.#clients.size > 0 || lines.some((line) => TOO_MANY.test(line));
  }

  #grow(): void {
    if (this.#limit >= this.#most || performance.now() - this.#limitedAt < this.#growAgain) return;
    this.#limit++;
    this.#limitedAt = performance.now();
  }

  #turn(signal: AbortLike | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      // Whoever has gone must not be woken in the place of another.
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(done), 1);
        done();
      };
      this.#waiting.push(done);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #wake(): void {
    this.#waiting.shift()?.();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

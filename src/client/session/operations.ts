/** Operations on one server, one after the other, over a connection that is made again when it is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { FtpAbortError, FtpClosedError, FtpConnectionError, FtpError } from "../errors.js";
import type { Settings } from "../options.js";
import { isLost, type ServerMemory, Session } from "./session.js";
import { Turnstile } from "./turnstile.js";

export interface Running {
  /** Whether it may be done again on a new connection: it changes nothing. */
  readonly again?: boolean;
}

type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** "closing": calls that wait are still done. */
type State = "new" | "open" | "closing" | "destroyed";

export class Operations {
  readonly #settings: Settings;
  readonly #pause: Pause;
  readonly #turnstile = new Turnstile();
  readonly #memory: ServerMemory = { data: {} };
  #session: Session | undefined;
  #running: AbortController | undefined;
  #state: State = "new";

  /** `pause` waits between tries to connect again. */
  constructor(settings: Settings, pause: Pause = pauseFor) {
    this.#settings = settings;
    this.#pause = pause;
  }

  /** The session, as long as its connection is there. */
  get session(): Session | undefined {
    return this.#session?.pi.ended === undefined ? this.#session : undefined;
  }

  /** Called once, when an operation waits for the one that runs. */
  set onWaiting(call: () => void) {
    this.#turnstile.onWaiting = call;
  }

  /** Says QUIT when the calls before are done, and closes. A second time does nothing. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#state = "closing";
    const leave = await this.#turnstile.enter(undefined);
    try {
      await this.#session?.close();
    } finally {
      leave();
    }
  }

  /** Closes now; calls that run or wait fail with FtpClosedError. */
  async destroy(): Promise<void> {
    this.#state = "destroyed";
    this.#running?.abort(new FtpClosedError());
    await this.#session?.destroy();
  }

  /** One operation: waits for its turn and for a connection; afterwards the connection is in step, or closed. */
  async run<T>(
    { signal: outer }: { readonly signal?: AbortSignal | undefined },
    work: (session: Session, signal: AbortSignal) => Promise<T>,
    { again = false }: Running = {},
  ): Promise<T> {
    if (this.#over) throw new FtpClosedError();
    const leave = await this.#enter(outer);
    const running = new AbortController();
    const onAbort = () => running.abort(outer?.reason);
    outer?.addEventListener("abort", onAbort, { once: true });
    if (outer?.aborted === true) onAbort();
    this.#running = running;
    try {
      if (this.#destroyed) throw new FtpClosedError();
      const fresh = this.session === undefined;
      try {
        return await work(await this.#connection(running.signal), running.signal);
      } catch (error) {
        // The server closed an idle connection: nobody's fault, and nothing was done.
        if (!again || fresh || !(error instanceof FtpConnectionError)) throw error;
        return await work(await this.#connection(running.signal), running.signal);
      }
    } catch (error) {
      throw running.signal.reason instanceof FtpClosedError ? running.signal.reason : error;
    } finally {
      outer?.removeEventListener("abort", onAbort);
      this.#running = undefined;
      // Whoever was aborted does not wait for the server's answer; the next operation does.
      void this.#settled().then(leave);
    }
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "destroyed";
  }

  get #destroyed(): boolean {
    return this.#state === "destroyed";
  }

  async #enter(signal: AbortSignal | undefined): Promise<() => void> {
    try {
      return await this.#turnstile.enter(signal);
    } catch (reason) {
      throw new FtpAbortError("command", reason);
    }
  }

  async #settled(): Promise<void> {
    if (!this.#destroyed) await this.#session?.settle();
    if (!this.#destroyed && this.#session?.pi.ended === undefined) return;
    const lost = this.#session;
    this.#session = undefined;
    await lost?.destroy();
  }

  /** The session, or a new one; after a loss with some patience. */
  async #connection(signal: AbortSignal): Promise<Session> {
    if (this.session !== undefined) return this.session;
    await this.#session?.destroy();
    this.#session = undefined;
    const { attempts, delay, maxDelay } = this.#settings.reconnect;
    const tries = this.#state === "new" ? 1 : Math.max(1, attempts);
    for (let failed = 1; ; failed++) {
      try {
        const session = await Session.open(this.#settings, this.#memory, signal);
        this.#session = session;
        if (this.#state === "new") this.#state = "open";
        return session;
      } catch (error) {
        const mayHelp = isLost(error) || (error instanceof FtpError && error.retryable);
        if (failed >= tries || signal.aborted || !mayHelp) throw error;
      }
      await this.#pause(Math.min(delay * 2 ** (failed - 1), maxDelay), signal);
    }
  }
}

async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw new FtpAbortError("connect", signal.reason);
  }
}

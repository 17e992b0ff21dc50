/** Operations on one server, one after the other, over a connection that is made again when it is lost. */

import { waitFor } from "../../connection/deadline.js";
import { type AbortLike, Stop } from "../../connection/stop.js";
import { FtpAbortError, FtpClosedError, FtpConnectionError, FtpError } from "../errors.js";
import type { Settings } from "../options.js";
import { isLost, type ServerMemory, Session } from "./session.js";
import { Turnstile } from "./turnstile.js";

export interface Running {
  /** Whether it may be done again on a new connection: it changes nothing. */
  readonly again?: boolean;
}

type Pause = (milliseconds: number, signal: AbortLike) => Promise<void>;

/** "closing": calls that wait are still done. */
type State = "new" | "open" | "closing" | "destroyed";

export class Operations {
  readonly #settings: Settings;
  readonly #pause: Pause;
  readonly #turnstile = new Turnstile();
  readonly #memory: ServerMemory = { data: {} };
  #session: Session | undefined;
  /** Ends the operation that runs. Good for one after the other, until it has ended one. */
  #running = new Stop();
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
    await this.#turnstile.enter(undefined);
    try {
      await this.#session?.close();
    } finally {
      this.#turnstile.leave();
    }
  }

  /** Closes now; calls that run or wait fail with FtpClosedError. */
  async destroy(): Promise<void> {
    this.#state = "destroyed";
    this.#running.abort(new FtpClosedError());
    await this.#session?.destroy();
  }

  /** One operation: waits for its turn and for a connection; afterwards the connection is in step, or closed. */
  async run<T>(
    { signal: outer }: { readonly signal?: AbortLike | undefined },
    work: (session: Session, signal: AbortLike) => Promise<T>,
    { again = false }: Running = {},
  ): Promise<T> {
    if (this.#over) throw new FtpClosedError();
    const turn = this.#enter(outer);
    if (turn !== undefined) await turn;
    if (this.#running.aborted) this.#running = new Stop();
    const running = this.#running;
    const onAbort = () => running.abort(outer?.reason);
    outer?.addEventListener("abort", onAbort, { once: true });
    if (outer?.aborted === true) onAbort();
    try {
      if (this.#destroyed) throw new FtpClosedError();
      const fresh = this.session === undefined;
      try {
        return await work(this.session ?? (await this.#connection(running)), running);
      } catch (error) {
        // The server closed an idle connection: nobody's fault, and nothing was done.
        if (!again || fresh || !(error instanceof FtpConnectionError)) throw error;
        return await work(await this.#connection(running), running);
      }
    } catch (error) {
      throw running.reason instanceof FtpClosedError ? running.reason : error;
    } finally {
      outer?.removeEventListener("abort", onAbort);
      // Whoever was aborted does not wait for the server's answer; the next operation does.
      const settling = this.#settle();
      if (settling === undefined) this.#turnstile.leave();
      else void settling.then(() => this.#turnstile.leave());
    }
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "destroyed";
  }

  get #destroyed(): boolean {
    return this.#state === "destroyed";
  }

  #enter(signal: AbortLike | undefined): Promise<void> | undefined {
    if (signal?.aborted === true) throw new FtpAbortError("command", signal.reason);
    return this.#turnstile.enter(signal)?.catch((reason) => {
      throw new FtpAbortError("command", reason);
    });
  }

  /** Undefined when there is nothing to wait for. */
  #settle(): Promise<void> | undefined {
    const settling = this.#destroyed ? undefined : this.#session?.settle();
    if (settling === undefined && this.#isInOrder) return undefined;
    return this.#afterSettling(settling);
  }

  get #isInOrder(): boolean {
    return !this.#destroyed && this.#session?.pi.ended === undefined;
  }

  async #afterSettling(settling: Promise<void> | undefined): Promise<void> {
    await settling;
    if (this.#isInOrder) return;
    const lost = this.#session;
    this.#session = undefined;
    await lost?.destroy();
  }

  /** The session, or a new one; after a loss with some patience. */
  async #connection(signal: AbortLike): Promise<Session> {
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

async function pauseFor(milliseconds: number, signal: AbortLike): Promise<void> {
  const waiting = {
    signal,
    timeout: Number.POSITIVE_INFINITY,
    timedOut: () => new FtpAbortError("connect", undefined),
    aborted: () => new FtpAbortError("connect", signal.reason),
  };
  await waitFor<void>(waiting, (resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    return () => clearTimeout(timer);
  });
}

/** A data connection's bytes over a plain TCP socket. TLS stands on this; see tls/. */
import type { Socket } from "node:net";
import { buffers } from "./buffer-pool.js";
import type { Carrier, CarrierListener, CarrierOrigin } from "./carrier.js";
import type { ClosingPatience } from "./closing-patience.js";
import {
  type DataConnection,
  DataConnectionError,
  type DataSocket,
  type OpenOptions,
} from "./data-connection.js";
import { MAX_RECEIVE, ReceiveBuffer } from "./receive-buffer.js";

/** A data connection without TLS, or the part of it below TLS. */
export interface PlainDataConnection extends DataConnection {
  open(o: OpenOptions): PlainDataSocket | Promise<PlainDataSocket>;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

type State =
  | { readonly kind: "open" }
  /** `flushed`: our end is sent. */
  | { readonly kind: "finishing"; flushed: boolean; readonly waiter: Waiter<void>; patience?: NodeJS.Timeout }
  | { readonly kind: "finished" }
  /** Most that are destroyed have ended well, and nobody asks for the error: it is made when somebody does. */
  | { readonly kind: "broken"; readonly error: () => Error };

export class PlainDataSocket implements DataSocket, CarrierListener {
  readonly #origin: CarrierOrigin;
  readonly patience: ClosingPatience;
  readonly #unused: "end" | "reset";
  readonly #memory = new ReceiveBuffer(buffers);
  #carrier: Carrier | undefined;
  #state: State = { kind: "open" };
  #destroyed: Promise<void> | undefined;
  #closed = false;
  #onClosed: (() => void) | undefined;
  #peerEnded = false;
  #sending: Waiter<void> | undefined;
  #receiving: (Waiter<Uint8Array | undefined> & { readonly limit: number }) | undefined;
  /** What came beyond the limit that was asked for. */
  #ahead: Uint8Array | undefined;
  /** True from a delivery to the next turn; see `#rest`. */
  #resting = false;

  /**
   * `unused`: what the peer sees when it is given up before its first byte. To a server that was promised a file, an
   * end would be an empty one; a client is told by a reply, and may take a reset for the worse news.
   */
  constructor(origin: CarrierOrigin, patience: ClosingPatience, unused: "end" | "reset") {
    this.#origin = origin;
    this.patience = patience;
    this.#unused = unused;
  }

  get unsent(): number {
    return this.#carrier?.unsent ?? 0;
  }

  send(chunk: Uint8Array): void | Promise<void> {
    const carrier = this.#usable();
    if (chunk.length === 0 || carrier.write(chunk)) return undefined;
    return new Promise((resolve, reject) => {
      this.#sending = { resolve, reject };
    });
  }

  receive(limit: number = MAX_RECEIVE): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      this.#usable();
      return this.#split(ahead, limit);
    }
    this.#memory.ask(limit);
    const carrier = this.#usable();
    if (this.#peerEnded) return undefined;
    return new Promise((resolve, reject) => {
      this.#receiving = { limit, resolve, reject };
      this.#more(carrier);
    });
  }

  /**
   * Waits for the peer's own end, which says that it has read everything, but only as long as
   * {@link ClosingPatience} has it; a reset instead is "lost": something was not read.
   */
  finish(): Promise<void> {
    const carrier = this.#usable();
    return new Promise((resolve, reject) => {
      this.#state = { kind: "finishing", flushed: false, waiter: { resolve, reject } };
      this.#ahead = undefined;
      carrier.end();
      if (!this.#peerEnded) this.#more(carrier);
    });
  }

  /** Unless everything was sent, or the peer has ended, the peer sees a reset: half a file must not look whole. */
  destroy(cause?: Error): void {
    const untouched = this.#carrier === undefined;
    const whole = this.#state.kind === "finished" || this.#peerEnded || (untouched && this.#unused === "end");
    this.#break(() => cause ?? new DataConnectionError("closed"));
    if (this.#destroyed !== undefined) return;
    this.#carrier ??= this.#origin.carry(this, this.#memory);
    this.#destroyed = this.#closed
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#onClosed = resolve;
        });
    this.#carrier.close(whole ? "end" : "reset");
  }

  /** As `destroy`, and resolves when the connection is closed. */
  async close(): Promise<void> {
    this.destroy();
    await this.#destroyed;
  }

  /**
   * The connection as a socket, for TLS to work on, with bytes that were read too early put back. From now on only
   * `destroy`, `close` and `endedAbove` of this object are to be called.
   */
  handOver(bytes: Uint8Array | undefined): Socket {
    const carrier = this.#usable();
    this.#ahead = undefined;
    return carrier.intoSocket(bytes);
  }

  /** Whoever has the socket has ended it in good order: closing it need not tell the peer of a failure. */
  endedAbove(): void {
    if (this.#state.kind === "open") this.#state = { kind: "finished" };
  }

  // What follows is for the carrier.

  onReadable(): void {
    this.#rest();
  }

  onChunk(chunk: Uint8Array): void {
    this.#rest();
    this.#deliver(chunk);
  }

  onEnd(): void {
    this.#peerEnded = true;
    this.#receiving?.resolve(undefined);
    this.#receiving = undefined;
    this.#finishIfDone();
  }

  onWritten(): void {
    this.#sending?.resolve();
    this.#sending = undefined;
  }

  onFlushed(): void {
    if (this.#state.kind !== "finishing") return;
    this.#state.flushed = true;
    this.#finishIfDone();
    if (this.#state.kind !== "finishing") return;
    this.#state.patience = setTimeout(() => {
      this.patience.closedLate();
      this.#finished();
    }, this.patience.milliseconds);
  }

  onError(cause: Error): void {
    this.#break(() => new DataConnectionError("lost", "the data connection broke", { cause }));
  }

  onClose(): void {
    this.#break(() => new DataConnectionError("lost", "the data connection was closed"));
    this.#memory.end();
    this.#closed = true;
    this.#onClosed?.();
  }

  #usable(): Carrier {
    if (this.#state.kind === "broken") throw this.#state.error();
    if (this.#state.kind !== "open") throw new DataConnectionError("closed");
    this.#carrier ??= this.#origin.carry(this, this.#memory);
    return this.#carrier;
  }

  /** Asks for bytes, now or when it has rested. */
  #more(carrier: Carrier): void {
    if (this.#resting) return;
    const chunk = carrier.read();
    if (chunk !== undefined) this.#deliver(chunk);
  }

  #deliver(chunk: Uint8Array): void {
    const waiter = this.#receiving;
    // What a peer says behind our end is dropped; the patience bounds it.
    if (waiter === undefined) return;
    this.#receiving = undefined;
    waiter.resolve(this.#split(chunk, waiter.limit));
  }

  #split(chunk: Uint8Array, limit: number): Uint8Array {
    const whole = chunk.length <= limit;
    this.#ahead = whole ? undefined : chunk.subarray(limit);
    return whole ? chunk : chunk.subarray(0, limit);
  }

  /**
   * Reading stops after each delivery, and goes on in a later turn at the earliest. When a reset comes with the
   * last bytes, and somebody reads on from within their callback, libuv tells of an end instead of the reset:
   * half a file would look whole.
   */
  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    setImmediate(this.#rested);
  }

  readonly #rested = (): void => {
    this.#resting = false;
    const wanted = this.#receiving !== undefined || this.#state.kind === "finishing";
    if (wanted && this.#carrier !== undefined) this.#more(this.#carrier);
  };

  #finishIfDone(): void {
    if (this.#state.kind !== "finishing" || !this.#state.flushed || !this.#peerEnded) return;
    this.patience.closedInTime();
    this.#finished();
  }

  #finished(): void {
    if (this.#state.kind !== "finishing") return;
    const { waiter, patience } = this.#state;
    clearTimeout(patience);
    this.#state = { kind: "finished" };
    waiter.resolve();
  }

  /** The first cause counts. */
  #break(error: () => Error): void {
    const state = this.#state;
    if (state.kind === "broken") return;
    this.#state = { kind: "broken", error };
    if (state.kind === "finishing") {
      clearTimeout(state.patience);
      state.waiter.reject(error());
    }
    this.#sending?.reject(error());
    this.#receiving?.reject(error());
    this.#sending = undefined;
    this.#receiving = undefined;
  }
}

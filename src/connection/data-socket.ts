/** A data connection's bytes over a plain TCP socket. TLS stands on this; see tls/. */
import type { OnReadOpts, Socket } from "node:net";
import { buffers } from "./buffer-pool.js";
import type { ClosingPatience } from "./closing-patience.js";
import {
  type DataConnection,
  DataConnectionError,
  type DataSocket,
  type OpenOptions,
} from "./data-connection.js";
import { unsentBytes } from "./raw-handle.js";
import { MAX_RECEIVE, ReceiveBuffer } from "./receive-buffer.js";

/** Where a socket comes from: connected, or connecting, and paused. */
export interface SocketOrigin {
  /** Called once, when the first byte is to move. */
  socket(onread: OnReadOpts): Socket;
  /** Whether what is read comes through `onread`, into our memory, or is to be fetched with `read()`. */
  readonly delivers: "onread" | "readable";
  /** Closes what `socket` was never called for; resolves when it is closed. */
  close(): Promise<void>;
}

/** Of a socket that is connected and paused. */
export function originOfSocket(socket: Socket): SocketOrigin {
  return {
    delivers: "readable",
    socket: () => socket,
    close: () =>
      new Promise((resolve) => {
        socket.once("close", () => resolve());
        socket.destroy();
      }),
  };
}

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

export class PlainDataSocket implements DataSocket {
  readonly #origin: SocketOrigin;
  readonly patience: ClosingPatience;
  readonly #memory = new ReceiveBuffer(buffers);
  #socket: Socket | undefined;
  #state: State = { kind: "open" };
  #destroyed: Promise<void> | undefined;
  #closed = false;
  #peerEnded = false;
  #sending: Waiter<void> | undefined;
  #receiving: (Waiter<Uint8Array | undefined> & { readonly limit: number }) | undefined;
  /** What came beyond the limit that was asked for; only `read()` brings such. */
  #ahead: Uint8Array | undefined;
  /** True from a delivery to the next turn; see `#rest`. */
  #resting = false;

  constructor(origin: SocketOrigin, patience: ClosingPatience) {
    this.#origin = origin;
    this.patience = patience;
  }

  /** Makes the socket before its first byte moves; for connections that we open ourselves. */
  connect(): Socket {
    this.#socket ??= this.#attach();
    return this.#socket;
  }

  get unsent(): number {
    return this.#socket === undefined ? 0 : unsentBytes(this.#socket);
  }

  send(chunk: Uint8Array): void | Promise<void> {
    const socket = this.#usable();
    if (chunk.length === 0) return undefined;
    socket.write(chunk, this.#onWritten);
    // The kernel is asked at once; only what it did not take is written by the event loop.
    if (socket.writableLength === 0 && socket.errored === null) return undefined;
    return new Promise((resolve, reject) => {
      this.#sending = { resolve, reject };
    });
  }

  receive(limit: number = MAX_RECEIVE): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    this.#memory.ask(limit);
    const socket = this.#usable();
    const ahead = this.#ahead;
    if (ahead !== undefined) return this.#split(ahead, limit);
    if (this.#peerEnded) return undefined;
    return new Promise((resolve, reject) => {
      this.#receiving = { limit, resolve, reject };
      this.#more(socket);
    });
  }

  /**
   * Waits for the peer's own end, which says that it has read everything, but only as long as
   * {@link ClosingPatience} has it; a reset instead is "lost": something was not read.
   */
  finish(): Promise<void> {
    const socket = this.#usable();
    return new Promise((resolve, reject) => {
      this.#state = { kind: "finishing", flushed: false, waiter: { resolve, reject } };
      this.#ahead = undefined;
      socket.end();
      this.#more(socket);
    });
  }

  /** Unless everything was sent, or the peer has ended, the peer sees a reset: half a file must not look whole. */
  destroy(cause?: Error): void {
    const whole = this.#state.kind === "finished" || this.#peerEnded;
    this.#break(() => cause ?? new DataConnectionError("closed"));
    if (this.#destroyed !== undefined) return;
    const socket = this.#socket;
    if (socket === undefined) {
      this.#destroyed = this.#origin.close();
      return;
    }
    this.#destroyed = this.#closed
      ? Promise.resolve()
      : new Promise((resolve) => socket.once("close", () => resolve()));
    // A socket that is shutting down cannot be reset; its data are in the kernel already.
    if (whole || socket.connecting || socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  }

  /** As `destroy`, and resolves when the connection is closed. */
  async close(): Promise<void> {
    this.destroy();
    await this.#destroyed;
  }

  /**
   * The socket itself, for TLS to work on, with bytes that were read too early put back. From now on only
   * `destroy`, `close` and `endedAbove` of this object are to be called.
   */
  handOver(bytes: Uint8Array | undefined): Socket {
    const socket = this.#usable();
    socket.removeListener("end", this.#onEnd);
    socket.removeListener("finish", this.#onFlushed);
    socket.removeListener("readable", this.#rest);
    this.#ahead = undefined;
    if (bytes !== undefined) socket.unshift(bytes);
    return socket;
  }

  /** Whoever has the socket has ended it in good order: closing it need not tell the peer of a failure. */
  endedAbove(): void {
    if (this.#state.kind === "open") this.#state = { kind: "finished" };
  }

  #attach(): Socket {
    const socket = this.#origin.socket({ buffer: this.#nextMemory, callback: this.#onRead });
    socket.on("end", this.#onEnd);
    socket.on("finish", this.#onFlushed);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    // The tail of a chunk must not wait for the peer's acknowledgement (Nagle) while the next one is read.
    socket.setNoDelay(true);
    return socket;
  }

  #usable(): Socket {
    if (this.#state.kind === "broken") throw this.#state.error();
    if (this.#state.kind !== "open") throw new DataConnectionError("closed");
    return this.connect();
  }

  /** Asks the socket for bytes, now or when it has rested. */
  #more(socket: Socket): void {
    if (this.#resting) return;
    if (this.#origin.delivers === "onread") {
      socket.resume();
      return;
    }
    if (socket.listenerCount("readable") === 0) socket.on("readable", this.#rest);
    const chunk = socket.read() as Uint8Array | null;
    if (chunk !== null) this.#deliver(chunk);
  }

  readonly #nextMemory = (): Uint8Array => this.#memory.memory();

  readonly #onRead = (length: number): boolean => {
    this.#rest();
    this.#deliver(this.#memory.filled(length));
    return false;
  };

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
  readonly #rest = (): void => {
    if (this.#resting) return;
    this.#resting = true;
    setImmediate(this.#rested);
  };

  readonly #rested = (): void => {
    this.#resting = false;
    const wanted = this.#receiving !== undefined || this.#state.kind === "finishing";
    if (wanted && this.#socket !== undefined) this.#more(this.#socket);
  };

  readonly #onWritten = (error?: Error | null): void => {
    // An error comes as an event too. Earlier chunks, which went at once, are called back late.
    if (error || this.#sending === undefined || this.#socket?.writableLength !== 0) return;
    this.#sending.resolve();
    this.#sending = undefined;
  };

  readonly #onEnd = (): void => {
    this.#peerEnded = true;
    this.#receiving?.resolve(undefined);
    this.#receiving = undefined;
    this.#finishIfDone();
  };

  readonly #onFlushed = (): void => {
    if (this.#state.kind !== "finishing") return;
    this.#state.flushed = true;
    this.#finishIfDone();
    if (this.#state.kind !== "finishing") return;
    this.#state.patience = setTimeout(() => {
      this.patience.closedLate();
      this.#finished();
    }, this.patience.milliseconds);
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

  readonly #onError = (error: Error): void => {
    this.#break(() => new DataConnectionError("lost", "the data connection broke", { cause: error }));
  };

  readonly #onClose = (): void => {
    this.#break(() => new DataConnectionError("lost", "the data connection was closed"));
    this.#memory.end();
    this.#closed = true;
  };

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

/** The sending side of a data connection in TLS: a download or a listing of a server, or an upload of a client. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClosingPatience } from "../closing-patience.js";
import { DataConnectionError, type DataSocket } from "../data-connection.js";
import type { PlainDataSocket } from "../data-socket.js";
import { unsentBytes } from "../raw-handle.js";

export class TlsSender implements DataSocket {
  readonly #network: PlainDataSocket;
  readonly #socket: Socket;
  readonly #tls: TLSSocket;
  readonly #patience: ClosingPatience;
  #error: Error | undefined;
  #flushed = false;
  #peerEnded = false;
  /** Whatever is waited for: a chunk that is sent, or the end. */
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(network: PlainDataSocket, socket: Socket, tls: TLSSocket, patience: ClosingPatience) {
    this.#network = network;
    this.#socket = socket;
    this.#tls = tls;
    this.#patience = patience;
    tls.on("error", this.#onError);
    tls.on("close", () => this.#lost());
    // Its close_notify; or an end without one, which harms nobody here. What it says besides is dropped.
    tls.on("end", () => this.#onPeerEnd());
    tls.resume();
  }

  get unsent(): number {
    return unsentBytes(this.#socket);
  }

  send(chunk: Uint8Array): void | Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    if (chunk.length === 0) return undefined;
    this.#tls.write(chunk, this.#onWritten);
    if (this.#tls.writableLength === 0) return undefined;
    return this.#wait();
  }

  receive(): Promise<undefined> {
    return Promise.reject(new DataConnectionError("closed", "this side only sends"));
  }

  /** close_notify and the end, and then the peer's, within bounds: see {@link ClosingPatience}. */
  async finish(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    const ended = this.#wait();
    this.#tls.end(() => {
      this.#flushed = true;
      if (this.#peerEnded) this.#onPeerEnd();
      else if (this.#waiting !== undefined)
        this.#timer = setTimeout(this.#onLate, this.#patience.milliseconds);
    });
    await ended;
    this.#network.endedAbove();
    this.#tls.destroy();
  }

  destroy(cause?: Error): void {
    this.#break(cause ?? new DataConnectionError("closed"));
    // TLS shuts the system's handle down itself, which cannot be reset then, and would never be closed: libuv says
    // EINVAL. Without close_notify the peer sees what is missing all the same.
    if (this.#tls.writableEnded) this.#network.endedAbove();
    this.#network.destroy(cause);
    this.#tls.destroy();
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  readonly #onWritten = (error?: Error | null): void => {
    // An error comes as an event too. Earlier chunks, which went at once, are called back late.
    if (error == null && this.#tls.writableLength === 0 && !this.#tls.writableEnded) this.#settle();
  };

  #onPeerEnd(): void {
    this.#peerEnded = true;
    if (!this.#flushed || this.#waiting === undefined) return;
    this.#patience.closedInTime();
    this.#settle();
  }

  readonly #onLate = (): void => {
    this.#patience.closedLate();
    this.#settle();
  };

  readonly #onError = (cause: Error): void => {
    // Peers that know the length close without reading our close_notify: systems make a reset of that.
    if (this.#flushed) return this.#onPeerEnd();
    this.#break(new DataConnectionError("lost", "the data connection broke", { cause }));
  };

  #lost(): void {
    if (this.#flushed) return this.#onPeerEnd();
    this.#break(new DataConnectionError("lost", "the data connection was closed"));
  }

  #break(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    clearTimeout(this.#timer);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

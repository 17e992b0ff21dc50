/** Carries a data connection's bytes over a socket of Node's, by its public interface. */
import type { Socket } from "node:net";
import type { Carrier, CarrierListener, CarrierOrigin } from "./carrier.js";
import { unsentBytes } from "./raw-handle.js";

/**
 * For who makes a socket that is to carry: it stops reading after each chunk. One that reads on is told of an end
 * where a reset came with the last bytes (see PlainDataSocket), and half a file looks whole.
 */
export const CARRYING = { allowHalfOpen: true, readableHighWaterMark: 1 } as const;

/** Of a socket that is connected and paused, and was made with {@link CARRYING}. */
export function originOfSocket(socket: Socket): CarrierOrigin {
  return {
    carry: (listener) => new SocketCarrier(socket, listener),
    close: () =>
      new Promise((resolve) => {
        // Node reads ahead behind a proxy's answer: it may know of the end before anybody has asked.
        if (socket.closed) return resolve();
        socket.once("close", () => resolve());
        socket.destroy();
      }),
  };
}

/** For connections through a proxy, for TLS, and where Node's handles cannot be used. */
export class SocketCarrier implements Carrier {
  readonly #socket: Socket;
  readonly #listener: CarrierListener;
  readonly #onEnd: () => void;
  readonly #onFinish: () => void;
  readonly #onReadable: () => void;

  constructor(socket: Socket, listener: CarrierListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#onEnd = () => listener.onEnd();
    this.#onFinish = () => listener.onFlushed();
    this.#onReadable = () => listener.onReadable();
    socket.on("end", this.#onEnd);
    socket.on("finish", this.#onFinish);
    socket.on("error", (error) => listener.onError(error));
    socket.on("close", () => listener.onClose());
    if (socket.closed) queueMicrotask(() => listener.onClose());
    // The tail of a chunk must not wait for the peer's acknowledgement (Nagle) while the next one is read.
    socket.setNoDelay(true);
  }

  get unsent(): number {
    return unsentBytes(this.#socket);
  }

  write(chunk: Uint8Array): boolean {
    const socket = this.#socket;
    socket.write(chunk, this.#onWritten);
    // The kernel is asked at once; only what it did not take is written by the event loop.
    return socket.writableLength === 0 && !socket.destroyed;
  }

  end(): void {
    this.#socket.end();
  }

  read(): Uint8Array | undefined {
    const socket = this.#socket;
    if (socket.listenerCount("readable") === 0) socket.on("readable", this.#onReadable);
    return (socket.read() as Uint8Array | null) ?? undefined;
  }

  close(how: "end" | "reset"): void {
    closeSocket(this.#socket, how);
  }

  intoSocket(early: Uint8Array | undefined): Socket {
    const socket = this.#socket;
    socket.removeListener("end", this.#onEnd);
    socket.removeListener("finish", this.#onFinish);
    socket.removeListener("readable", this.#onReadable);
    if (early !== undefined) socket.unshift(early);
    return socket;
  }

  readonly #onWritten = (error?: Error | null): void => {
    // An error comes as an event too. Earlier chunks, which went at once, are called back late.
    if (error == null && this.#socket.writableLength === 0) this.#listener.onWritten();
  };
}

export function closeSocket(socket: Socket, how: "end" | "reset"): void {
  // A socket that is shutting down cannot be reset; its data are in the kernel already.
  if (how === "end" || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

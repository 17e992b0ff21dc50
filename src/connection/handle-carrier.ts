/** Carries a data connection's bytes over a bare handle: no streams, and no memory before the first byte. */
import type { Socket } from "node:net";
import type { Carrier, CarrierListener, CarrierOrigin, ReadMemory } from "./carrier.js";
import {
  END_OF_FILE,
  errorName,
  type HandleInternals,
  type RawHandle,
  socketOver,
  systemError,
} from "./raw-handle.js";
import { closeSocket } from "./socket-carrier.js";

/** Of a handle that is connected and was not read from. */
export class HandleOrigin implements CarrierOrigin {
  readonly #handle: RawHandle;
  readonly #internals: HandleInternals;

  constructor(handle: RawHandle, internals: HandleInternals) {
    this.#handle = handle;
    this.#internals = internals;
  }

  carry(listener: CarrierListener, memory: ReadMemory): Carrier {
    return new HandleCarrier(this.#handle, this.#internals, listener, memory);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#handle.close(resolve));
  }
}

class HandleCarrier implements Carrier {
  readonly #handle: RawHandle;
  readonly #internals: HandleInternals;
  readonly #listener: CarrierListener;
  readonly #memory: ReadMemory;
  /** Where the kernel writes to: kept alive here as long as the handle may read. */
  #reading: Uint8Array | undefined;
  #writes = 0;
  #ended = false;
  #closed = false;
  /** What the handle has become, when TLS was to work on it. */
  #socket: Socket | undefined;

  constructor(handle: RawHandle, internals: HandleInternals, listener: CarrierListener, memory: ReadMemory) {
    this.#handle = handle;
    this.#internals = internals;
    this.#listener = listener;
    this.#memory = memory;
  }

  get unsent(): number {
    return this.#closed ? 0 : this.#handle.writeQueueSize;
  }

  write(chunk: Uint8Array): boolean {
    const handle = this.#handle;
    // The tail of a chunk must not wait for the peer's acknowledgement (Nagle) while the next one is read. A small
    // file has no second one, and its end takes the tail along.
    if (this.#writes++ === 1) handle.setNoDelay(true);
    const request = this.#internals.writeRequest();
    const status = handle.writeBuffer(request, chunk);
    if (status !== 0) {
      this.#failSoon(status, "write");
      return false;
    }
    if (!this.#internals.writeIsPending()) return true;
    request.buffer = chunk;
    request.oncomplete = this.#onWritten;
    return false;
  }

  end(): void {
    this.#ended = true;
    const request = this.#internals.shutdownRequest();
    request.oncomplete = this.#onShutdown;
    const status = this.#handle.shutdown(request);
    if (status !== 0) queueMicrotask(() => this.#onShutdown(status));
  }

  read(): undefined {
    if (this.#closed) return;
    if (this.#reading === undefined) {
      this.#reading = this.#memory.memory();
      this.#handle.onread = this.#onRead;
      this.#handle.useUserBuffer(this.#reading);
    }
    const status = this.#handle.readStart();
    // EALREADY: whoever ends our direction reads too, beside somebody who waits for bytes.
    if (status !== 0 && errorName(status) !== "EALREADY") this.#failSoon(status, "read");
  }

  close(how: "end" | "reset"): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socket !== undefined) return closeSocket(this.#socket, how);
    const onClosed = () => this.#listener.onClose();
    // A connection that is shutting down cannot be reset; its data are in the kernel already.
    if (how === "end" || this.#ended) this.#handle.close(onClosed);
    else this.#handle.reset(onClosed);
  }

  intoSocket(early: Uint8Array | undefined): Socket {
    const socket = socketOver(this.#handle);
    this.#socket = socket;
    socket.on("error", (error) => this.#listener.onError(error));
    socket.on("close", () => {
      this.#closed = true;
      this.#listener.onClose();
    });
    socket.setNoDelay(true);
    if (early !== undefined) socket.unshift(early);
    return socket;
  }

  readonly #onRead = (): Uint8Array | undefined => {
    const length = this.#internals.readResult();
    if (length === 0 || this.#closed) return undefined;
    this.#handle.readStop();
    if (length === END_OF_FILE) {
      this.#listener.onEnd();
      return undefined;
    }
    if (length < 0) {
      this.#fail(length, "read");
      return undefined;
    }
    const chunk = this.#memory.filled(length);
    this.#reading = this.#memory.memory();
    this.#listener.onChunk(chunk);
    return this.#reading;
  };

  readonly #onWritten = (status: number): void => {
    if (status === 0) this.#listener.onWritten();
    else this.#fail(status, "write");
  };

  /** A connection that is gone already (ENOTCONN) needs no end; how it went is seen by reading. */
  readonly #onShutdown = (status: number): void => {
    if (this.#closed) return;
    if (status >= 0 || errorName(status) === "ENOTCONN") this.#listener.onFlushed();
    else this.#fail(status, "shutdown");
  };

  #failSoon(status: number, syscall: string): void {
    queueMicrotask(() => this.#fail(status, syscall));
  }

  #fail(status: number, syscall: string): void {
    // What was under way when it was closed is told of too.
    if (this.#closed) return;
    this.#listener.onError(systemError(status, syscall));
    this.close("end");
  }
}

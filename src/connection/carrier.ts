/** What carries the bytes of a plain data connection: one of Node's sockets, or the bare handle below one. */
import type { Socket } from "node:net";

/** Told of what happens; never from within a call of the carrier. */
export interface CarrierListener {
  /** What was asked for by `read`; valid until the next call of it. */
  onChunk(chunk: Uint8Array): void;
  /** `read` may have something to give. */
  onReadable(): void;
  /** The peer's end. */
  onEnd(): void;
  /** What `write` did not get rid of at once has gone. */
  onWritten(): void;
  /** Our end is sent. */
  onFlushed(): void;
  /** It broke; only `onClose` follows. */
  onError(error: Error): void;
  onClose(): void;
}

export interface Carrier {
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly unsent: number;
  /** Whether the kernel took all of it; if not, `onWritten` follows, and the chunk is borrowed until then. */
  write(chunk: Uint8Array): boolean;
  /** Ends our direction, behind what was written. */
  end(): void;
  /** The next chunk if it is at hand; if not, `onChunk`, `onReadable` or `onEnd` follows. */
  read(): Uint8Array | undefined;
  /** Closes it now. `reset` tells the peer that something is missing. */
  close(how: "end" | "reset"): void;
  /** As a socket for TLS to work on, with bytes that were read too early put back. Nothing else is called any more. */
  intoSocket(early: Uint8Array | undefined): Socket;
}

/** A connection of which nothing was read yet. */
export interface CarrierOrigin {
  /** Called once, when the first byte is to move, or it is given up. */
  carry(listener: CarrierListener, memory: ReadMemory): Carrier;
  /** Turns away what `carry` was never called for; resolves when it is closed. */
  close(): Promise<void>;
}

/** Where a carrier reads to, if it can choose. */
export interface ReadMemory {
  /** For the next read; asked for before the first one, and again after each. */
  memory(): Uint8Array;
  /** The first `length` bytes of it were filled. */
  filled(length: number): Uint8Array;
}

/** Data connections (RFC 959 3.2, 3.3): how they are asked for, and what carries the bytes. */
import type { AbortLike } from "./stop.js";

/**
 * Made by PASV, EPSV, PORT or EPRT and used once: in stream mode for one transfer. Disposing of it gives back
 * the port and closes what is open, whatever state it is in; a second time does nothing.
 */
export interface DataConnection extends AsyncDisposable {
  readonly kind: "passive" | "active";
  /** Whether the peer is connected already and waits (125 may be said, and ABOR answers 225). */
  readonly established: boolean;
  /**
   * Waits for the peer, or connects to it; checks who it is. Answers at once when the peer is there.
   * @throws DataConnectionError, also when `signal` aborts or `timeout` (milliseconds) has passed.
   */
  open(o: OpenOptions): DataSocket | Promise<DataSocket>;
  /** Says how the transfer ended, before disposal: a port whose transfer broke is not used again. */
  ended(how: "complete" | "broken"): void;
}

export interface OpenOptions {
  readonly signal: AbortLike;
  /** Milliseconds. */
  readonly timeout: number;
}

/** An open data connection. Calls of one direction never overlap. */
export interface DataSocket {
  /**
   * Sends a chunk, which is borrowed until the call returns or its promise settles.
   * A promise means that the peer is slower than we are.
   * @throws DataConnectionError "lost"
   */
  send(chunk: Uint8Array): void | Promise<void>;
  /** Bytes given to `send` that the kernel has not taken yet: how a slow peer differs from a stalled one. */
  readonly unsent: number;
  /** All was sent: flushes, ends the connection and waits, within bounds, until the peer has it all. */
  finish(): Promise<void>;
  /**
   * The next bytes of the peer; undefined at its end. The chunk is valid until the next call.
   * Nothing is read from the network before this is called, and not more than one buffer ahead of it.
   * `limit`: bytes that it should hold at most, 1 or more; known for the chunk after the next at the latest.
   * @throws DataConnectionError "lost" for a reset, which is not an end.
   */
  receive(limit?: number): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Ends it now; whatever waits is rejected with `cause`. A second time does nothing. */
  destroy(cause?: Error): void;
}

/** Why there is no data connection, or no more of it. `message` is for logs; peers never see it. */
export type DataConnectionReason =
  | "timeout" // the peer did not come, or did not answer, in time
  | "refused" // the peer refused our connection
  | "wrong-peer" // somebody else connected to the passive port
  | "no-port" // no free port in the range
  | "handshake" // TLS did not come about
  | "not-bound" // TLS came about, but not as this session's
  | "stalled" // no byte moved for too long
  | "lost" // it broke while open
  | "closed"; // it was given up on our side

export class DataConnectionError extends Error {
  override readonly name = "DataConnectionError";
  readonly code = "ERR_FERRY_DATA_CONNECTION";
  readonly reason: DataConnectionReason;

  constructor(reason: DataConnectionReason, message: string = reason, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

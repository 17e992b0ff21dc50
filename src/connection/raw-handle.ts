/**
 * The one place that knows the internals of node:net.
 *
 * One of Node's sockets costs a small file more than its whole transfer does: two streams with their events, and
 * ticks between them. And a listener's socket reads before it is asked to, into a buffer of its own. A bare handle
 * does neither. It is undocumented, so raw-probe.ts tries it once per process with a real exchange; where that
 * fails, the public way is used.
 */
import { type Server, Socket, type SocketConstructorOpts } from "node:net";
import { getSystemErrorName } from "node:util";

/** Asked of a handle; `oncomplete` is told of 0, or of a negative error number. */
export interface HandleRequest {
  oncomplete: ((status: number) => void) | undefined;
  /** Keeps the bytes of a write alive until it is done. */
  buffer?: Uint8Array;
}

/** What we use of Node's TCP handle. What returns a number returns 0, or a negative error number. */
export interface RawHandle {
  /** Asked after each read, whose length is in `readResult`; what it returns is the memory of the next one. */
  onread: (() => Uint8Array | undefined) | undefined;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  connect(request: HandleRequest, address: string, port: number): number;
  connect6(request: HandleRequest, address: string, port: number): number;
  getpeername(out: { address?: string }): number;
  setNoDelay(on: boolean): number;
  /** The memory of the first read. It must be kept alive until the handle is closed, or has another one. */
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: HandleRequest, chunk: Uint8Array): number;
  /** As above, or 1 for "at once". */
  shutdown(request: HandleRequest): number;
  close(closed?: () => void): void;
  /** As `close`, with a reset; not behind `shutdown`. */
  reset(closed: () => void): number;
}

export interface HandleInternals {
  newHandle(): RawHandle;
  connectRequest(): HandleRequest;
  writeRequest(): HandleRequest;
  shutdownRequest(): HandleRequest;
  /** Within `onread`: how many bytes came, or a negative error number; {@link END_OF_FILE} among them. */
  readResult(): number;
  /** Right behind `writeBuffer`: whether the kernel has not taken all of it, so that `oncomplete` follows. */
  writeIsPending(): boolean;
}

/** libuv's UV_EOF. */
export const END_OF_FILE = -4095;

interface TcpWrap {
  readonly TCP: new (type: number) => RawHandle;
  readonly TCPConnectWrap: new () => HandleRequest;
  readonly constants: { readonly SOCKET: number };
}

interface StreamWrap {
  readonly WriteWrap: new () => HandleRequest;
  readonly ShutdownWrap: new () => HandleRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

let internals: HandleInternals | undefined | "not-looked" = "not-looked";

/** Undefined where this Node has no such thing, or would warn of its use (DEP0111). */
export function handleInternals(): HandleInternals | undefined {
  if (internals === "not-looked") internals = findInternals();
  return internals;
}

function findInternals(): HandleInternals | undefined {
  const flag = "--pending-deprecation";
  const { NODE_PENDING_DEPRECATION, NODE_OPTIONS = "" } = process.env;
  if (process.execArgv.includes(flag) || NODE_PENDING_DEPRECATION === "1" || NODE_OPTIONS.includes(flag)) {
    return undefined;
  }
  try {
    const { binding } = process as unknown as { binding(name: string): unknown };
    const { TCP, TCPConnectWrap, constants } = binding("tcp_wrap") as TcpWrap;
    const stream = binding("stream_wrap") as StreamWrap;
    const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = stream;
    return {
      newHandle: () => new TCP(constants.SOCKET),
      connectRequest: () => new TCPConnectWrap(),
      writeRequest: () => new WriteWrap(),
      shutdownRequest: () => new ShutdownWrap(),
      readResult: () => streamBaseState[kReadBytesOrError] ?? 0,
      writeIsPending: () => streamBaseState[kLastWriteWasAsync] !== 0,
    };
  } catch {
    return undefined;
  }
}

/** `ECONNRESET` and the like, of a negative error number, which differs from system to system. */
export function errorName(status: number): string {
  return getSystemErrorName(status);
}

/** As Node's own are. */
export function systemError(status: number, syscall: string): NodeJS.ErrnoException {
  const code = errorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall });
}

interface ListeningHandle {
  onconnection?: (error: number, handle: RawHandle | undefined) => void;
}

/**
 * From now on connections come to `onhandle` instead of the server's 'connection' event, unread. Neither
 * `server.close()` nor `server.getConnections()` know of them. False when this Node has no such thing.
 */
export function acceptRaw(server: Server, onhandle: (handle: RawHandle) => void): boolean {
  const listening = (server as unknown as { _handle?: ListeningHandle | null })._handle;
  if (typeof listening?.onconnection !== "function") return false;
  listening.onconnection = (error, handle) => {
    // Without descriptors (EMFILE) accepting fails; the peer waits, and the lease's deadline ends it.
    if (error === 0 && handle !== undefined) onhandle(handle);
  };
  return true;
}

/** A socket over a handle, which reads nothing before it is told to. */
export function socketOver(handle: RawHandle): Socket {
  const options: SocketConstructorOpts & { handle: RawHandle; manualStart: boolean } = {
    handle,
    manualStart: true,
    allowHalfOpen: true,
  };
  return new Socket(options);
}

/** Bytes that a socket was given and the kernel has not taken yet, part of a chunk included. */
export function unsentBytes(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle;
  return handle?.writeQueueSize ?? socket.writableLength;
}

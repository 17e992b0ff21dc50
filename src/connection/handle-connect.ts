/** Connects a bare handle. */
import { type HandleInternals, type RawHandle, systemError } from "./raw-handle.js";

/** Where to, and from where; IP addresses, not names. */
export interface ConnectTarget {
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
  /** Any when absent. */
  readonly localPort?: number | undefined;
}

/**
 * Tells of a handle that is connected, or of an error with the system's code; never from within the call. Gives
 * what closes the handle before that, after which nothing is told.
 */
export function connectHandle(
  { address, port, localAddress, localPort }: ConnectTarget,
  internals: HandleInternals,
  told: { resolve(handle: RawHandle): void; reject(error: Error): void },
): () => Promise<void> {
  const handle = internals.newHandle();
  const v6 = address.includes(":");
  let waiting = true;
  const done = (status: number, syscall: string): void => {
    if (!waiting) return;
    waiting = false;
    if (status === 0) return told.resolve(handle);
    handle.close();
    told.reject(systemError(status, syscall));
  };
  const fail = (status: number, syscall: string): void => queueMicrotask(() => done(status, syscall));
  const bound = bind();
  if (bound !== 0) fail(bound, "bind");
  else {
    const request = internals.connectRequest();
    request.oncomplete = (status) => done(status, "connect");
    const begun = v6 ? handle.connect6(request, address, port) : handle.connect(request, address, port);
    if (begun !== 0) fail(begun, "connect");
  }
  let closed = Promise.resolve();
  return () => {
    if (!waiting) return closed;
    waiting = false;
    closed = new Promise((resolve) => handle.close(resolve));
    return closed;
  };

  function bind(): number {
    if (localAddress === undefined && localPort === undefined) return 0;
    if (v6) return handle.bind6(localAddress ?? "::", localPort ?? 0, 0);
    return handle.bind(localAddress ?? "0.0.0.0", localPort ?? 0);
  }
}

/** Reaches a host, directly or through a proxy. */

import { connect, type Socket } from "node:net";
import type { ClosingPatience } from "../../connection/closing-patience.js";
import { DataConnectionError, type OpenOptions } from "../../connection/data-connection.js";
import { type PlainDataConnection, PlainDataSocket } from "../../connection/data-socket.js";
import { waitFor } from "../../connection/deadline.js";
import { CARRYING, originOfSocket } from "../../connection/socket-carrier.js";
import type { AbortLike } from "../../connection/stop.js";
import { FtpAbortError, FtpConnectionError, FtpProxyError, FtpTimeoutError } from "../errors.js";
import { type ProxyAddress, type Target, tunnel } from "./proxy.js";

export interface Route {
  readonly proxy: ProxyAddress | undefined;
  readonly localAddress: string | undefined;
}

/**
 * A connected socket that nobody has read from.
 * @throws FtpConnectionError, FtpProxyError, FtpTimeoutError, FtpAbortError
 */
export async function dial(
  target: Target,
  route: Route,
  { signal, timeout }: { readonly signal: AbortLike; readonly timeout: number },
): Promise<Socket> {
  const { host, port } = route.proxy ?? target;
  return await waitFor<Socket>(
    {
      signal,
      timeout,
      timedOut: () =>
        new FtpTimeoutError(`no connection within ${timeout} ms`, {
          phase: "connect",
          hint: "Is the address right, and does a firewall let us through?",
        }),
      aborted: () => new FtpAbortError("connect", signal.reason),
    },
    (resolve, reject) => {
      const { localAddress } = route;
      const socket = connect({ host, port, ...CARRYING, ...(localAddress && { localAddress }) });
      // From the first moment to the last: an error without a listener would end the process.
      socket.on("error", (cause) => reject(failure(cause, route)));
      socket.once("connect", () => {
        const { proxy } = route;
        if (proxy === undefined) resolve(socket);
        else tunnel(socket, proxy, target).then(() => resolve(socket), fail);
      });
      const fail = (error: Error) => {
        socket.destroy();
        reject(error);
      };
      return () => socket.destroy();
    },
  );
}

function failure(cause: NodeJS.ErrnoException, { proxy }: Route): FtpConnectionError {
  const refused = cause.code === "ECONNREFUSED";
  const where = proxy === undefined ? "" : " to the proxy";
  return new FtpConnectionError(`cannot connect${where}: ${cause.code ?? "failed"}`, {
    phase: "connect",
    cause,
    hint: refused ? "Nothing listens there: is the port right, and the server running?" : undefined,
  });
}

/** A passive data connection through the proxy. */
export class TunnelledConnection implements PlainDataConnection {
  readonly kind = "active";
  readonly #target: Target;
  readonly #route: Route;
  readonly #patience: ClosingPatience;
  #socket: PlainDataSocket | undefined;

  constructor(target: Target, route: Route, patience: ClosingPatience) {
    this.#target = target;
    this.#route = route;
    this.#patience = patience;
  }

  get established(): boolean {
    return this.#socket !== undefined;
  }

  /** So that `open` need not wait. @throws as `open` does */
  async connect(o: OpenOptions): Promise<void> {
    let socket: Socket;
    try {
      socket = await dial(this.#target, this.#route, o);
    } catch (cause) {
      const reason = cause instanceof FtpTimeoutError ? "timeout" : "refused";
      const message = cause instanceof FtpProxyError ? cause.message : "the proxy gives no connection";
      throw new DataConnectionError(reason, message, { cause });
    }
    this.#socket = new PlainDataSocket(originOfSocket(socket), this.#patience, "reset");
  }

  open(o: OpenOptions): PlainDataSocket | Promise<PlainDataSocket> {
    return this.#socket ?? this.connect(o).then(() => this.open(o));
  }

  ended(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.close();
  }
}

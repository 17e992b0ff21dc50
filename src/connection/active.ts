/** The active side of data connections (PORT, EPRT; RFC 959 3.2, RFC 2428 2): we connect to the peer. */
import { connect, type Socket } from "node:net";
import { normalAddress } from "./address.js";
import type { CarrierOrigin } from "./carrier.js";
import { ClosingPatience } from "./closing-patience.js";
import { DataConnectionError, type OpenOptions } from "./data-connection.js";
import { type PlainDataConnection, PlainDataSocket } from "./data-socket.js";
import { waitFor } from "./deadline.js";
import { HandleOrigin } from "./handle-carrier.js";
import { type ConnectTarget, connectHandle } from "./handle-connect.js";
import { handleInternals } from "./raw-handle.js";
import { rawHandlesWork } from "./raw-probe.js";
import { originOfSocket } from "./socket-carrier.js";

export interface ActiveOptions {
  /** An IP address, not a name; and a port, 1 to 65535. */
  readonly address: string;
  readonly port: number;
  /** The control connection's own address: peers and their firewalls expect no other. */
  readonly localAddress?: string;
  /** RFC 959 3.2 has the port below the control port, which needs privileges; any port when absent. */
  readonly localPort?: number;
  /** One per session, so that what is learnt of a peer lasts. */
  readonly patience?: ClosingPatience;
  /** By which of Node's interfaces; tried out when absent. */
  readonly access?: "raw" | "public";
}

/** A data connection that connects when it is opened. Who may be connected to is the caller's to check. */
export function activeConnection(options: ActiveOptions): PlainDataConnection {
  return new ActiveConnection(options);
}

class ActiveConnection implements PlainDataConnection {
  readonly kind = "active";
  readonly established = false;
  readonly #options: ActiveOptions;
  #socket: PlainDataSocket | undefined;
  /** Gives the connecting up; resolves when nothing is left of it. */
  #giveUp: (() => Promise<void>) | undefined;
  #disposed = false;

  constructor(options: ActiveOptions) {
    this.#options = options;
  }

  async open(o: OpenOptions): Promise<PlainDataSocket> {
    if (this.#disposed || this.#giveUp !== undefined) {
      throw new DataConnectionError("closed", "a data connection is used once");
    }
    this.#giveUp = () => Promise.resolve();
    const { access = (await rawHandlesWork()) ? "raw" : "public" } = this.#options;
    const internals = access === "raw" ? handleInternals() : undefined;
    const waiting = {
      signal: o.signal,
      timeout: o.timeout,
      timedOut: () => new DataConnectionError("timeout", "no answer in time"),
      aborted: () => new DataConnectionError("closed"),
    };
    return await waitFor<PlainDataSocket>(waiting, (resolve, reject) => {
      if (this.#disposed) throw new DataConnectionError("closed");
      const opened = (origin: CarrierOrigin): void => {
        this.#socket = new PlainDataSocket(origin, this.#options.patience ?? new ClosingPatience());
        resolve(this.#socket);
      };
      const refused = (error: Error): void => reject(failure(error));
      const giveUp =
        internals === undefined
          ? connectSocket(this.#target, (socket) => opened(originOfSocket(socket)), refused)
          : connectHandle(this.#target, internals, {
              resolve: (handle) => opened(new HandleOrigin(handle, internals)),
              reject: refused,
            });
      this.#giveUp = () => {
        reject(new DataConnectionError("closed"));
        return giveUp();
      };
      return giveUp;
    });
  }

  /** The port was ours for this connection only: nothing to keep. */
  ended(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    if (this.#socket === undefined) await this.#giveUp?.();
    else await this.#socket.close();
  }

  get #target(): ConnectTarget {
    const { address, port, localAddress, localPort } = this.#options;
    return {
      address: normalAddress(address),
      port,
      localAddress: localAddress === undefined ? undefined : normalAddress(localAddress),
      localPort,
    };
  }
}

/** As connectHandle, by the public way. */
function connectSocket(
  { address, port, localAddress, localPort }: ConnectTarget,
  resolve: (socket: Socket) => void,
  reject: (error: Error) => void,
): () => Promise<void> {
  const socket = connect({
    host: address,
    port,
    allowHalfOpen: true,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
  }).pause();
  const closed = new Promise<void>((done) => socket.once("close", () => done()));
  socket.on("error", reject);
  socket.once("connect", () => resolve(socket));
  return () => {
    socket.destroy();
    return closed;
  };
}

function failure(cause: Error & { code?: string }): DataConnectionError {
  switch (cause.code) {
    case "ETIMEDOUT":
      return new DataConnectionError("timeout", "no answer", { cause });
    case "EADDRINUSE":
    case "EADDRNOTAVAIL":
    case "EACCES":
    case "EINVAL":
      return new DataConnectionError("no-port", "no local port to connect from", { cause });
    default:
      return new DataConnectionError("refused", "the peer cannot be reached", { cause });
  }
}

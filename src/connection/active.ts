/** The active side of data connections (PORT, EPRT; RFC 959 3.2, RFC 2428 2): we connect to the peer. */
import { connect, type Socket } from "node:net";
import { normalAddress } from "./address.js";
import { ClosingPatience } from "./closing-patience.js";
import { DataConnectionError, type OpenOptions } from "./data-connection.js";
import { type PlainDataConnection, PlainDataSocket } from "./data-socket.js";
import { waitFor } from "./deadline.js";

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
  #disposed = false;

  constructor(options: ActiveOptions) {
    this.#options = options;
  }

  async open(o: OpenOptions): Promise<PlainDataSocket> {
    if (this.#disposed || this.#socket !== undefined) {
      throw new DataConnectionError("closed", "a data connection is used once");
    }
    const waiting = {
      ...o,
      timedOut: () => new DataConnectionError("timeout", "no answer in time"),
      aborted: () => new DataConnectionError("closed"),
    };
    return await waitFor<PlainDataSocket>(waiting, (resolve, reject) => {
      const dataSocket = this.#connecting();
      const socket = dataSocket.connect();
      socket.once("error", (error) => reject(failure(error)));
      // Closed by disposal: there is no error then.
      const onClose = () => reject(new DataConnectionError("closed"));
      socket.once("close", onClose);
      socket.once("connect", () => {
        socket.removeListener("close", onClose);
        resolve(dataSocket);
      });
      return () => dataSocket.destroy();
    });
  }

  /** The port was ours for this connection only: nothing to keep. */
  ended(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#socket?.close();
  }

  #connecting(): PlainDataSocket {
    const { address, port, localAddress, localPort } = this.#options;
    const target = {
      host: normalAddress(address),
      port,
      allowHalfOpen: true,
      ...(localAddress === undefined ? {} : { localAddress: normalAddress(localAddress) }),
      ...(localPort === undefined ? {} : { localPort }),
    };
    this.#socket = new PlainDataSocket(
      {
        delivers: "onread",
        socket: (onread): Socket => connect({ ...target, onread }).pause(),
        close: () => Promise.resolve(),
      },
      this.#options.patience ?? new ClosingPatience(),
    );
    return this.#socket;
  }
}

function failure(cause: NodeJS.ErrnoException): DataConnectionError {
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

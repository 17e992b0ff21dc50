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
import { usableHandles } from "./raw-probe.js";
import { CARRYING, originOfSocket } from "./socket-carrier.js";

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

type State =
  | { readonly kind: "new" }
  /** `giveUp`: resolves when nothing is left of it. */
  | { readonly kind: "connecting"; readonly giveUp: () => Promise<void> }
  | { readonly kind: "connected" | "open"; readonly socket: PlainDataSocket }
  | { readonly kind: "over"; readonly disposed: Promise<void> | undefined };

/** A data connection that connects when it is opened, or before. Who may be connected to is the caller's to check. */
export class ActiveConnection implements PlainDataConnection {
  readonly kind = "active";
  readonly #options: ActiveOptions;
  #state: State = { kind: "new" };

  constructor(options: ActiveOptions) {
    this.#options = options;
  }

  get established(): boolean {
    return this.#state.kind === "connected";
  }

  /** So that `open` need not wait. @throws as `open` does */
  async connect(o: OpenOptions): Promise<void> {
    if (this.#state.kind !== "new") throw new DataConnectionError("closed", "a data connection is used once");
    this.#state = { kind: "connecting", giveUp: () => Promise.resolve() };
    const found = this.#options.access === "public" ? undefined : usableHandles();
    const internals = found instanceof Promise ? await found : found;
    const waiting = {
      signal: o.signal,
      timeout: o.timeout,
      timedOut: () => new DataConnectionError("timeout", "no answer in time"),
      aborted: () => new DataConnectionError("closed"),
    };
    const origin = await waitFor<CarrierOrigin>(waiting, (resolve, reject) => {
      if (this.#state.kind !== "connecting") throw new DataConnectionError("closed");
      const refused = (error: Error): void => reject(failure(error));
      const giveUp =
        internals === undefined
          ? connectSocket(this.#target, (socket) => resolve(originOfSocket(socket)), refused)
          : connectHandle(this.#target, internals, {
              resolve: (handle) => resolve(new HandleOrigin(handle, internals)),
              reject: refused,
            });
      const closed = (): Promise<void> => {
        reject(new DataConnectionError("closed"));
        return giveUp();
      };
      this.#state = { kind: "connecting", giveUp: closed };
      return giveUp;
    });
    const socket = new PlainDataSocket(origin, this.#options.patience ?? new ClosingPatience(), "reset");
    if (this.#state.kind === "connecting") this.#state = { kind: "connected", socket };
    else await socket.close();
  }

  open(o: OpenOptions): PlainDataSocket | Promise<PlainDataSocket> {
    return this.#state.kind === "connected" ? this.#opened() : this.connect(o).then(() => this.#opened());
  }

  /** The port was ours for this connection only: nothing to keep. */
  ended(_how: "complete" | "broken"): void {}

  [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    if (state.kind === "over") return state.disposed ?? Promise.resolve();
    const disposed = this.#close();
    this.#state = { kind: "over", disposed };
    return disposed ?? Promise.resolve();
  }

  #close(): Promise<void> | undefined {
    const state = this.#state;
    switch (state.kind) {
      case "connecting":
        return state.giveUp();
      case "connected":
      case "open":
        return state.socket.close();
      case "new":
      case "over":
        return undefined;
    }
  }

  #opened(): PlainDataSocket {
    if (this.#state.kind !== "connected") throw new DataConnectionError("closed");
    const { socket } = this.#state;
    this.#state = { kind: "open", socket };
    return socket;
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
    ...CARRYING,
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

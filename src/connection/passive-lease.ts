/** One use of a session's listening port: from the reply that names it to the end of its transfer. */
import type { ClosingPatience } from "./closing-patience.js";
import { DataConnectionError, type OpenOptions } from "./data-connection.js";
import { type PlainDataConnection, PlainDataSocket } from "./data-socket.js";
import { waitFor } from "./deadline.js";
import type { Arrival } from "./listener.js";

/** What the lease tells the port that it was taken from. */
export interface LeaseOwner {
  readonly patience: ClosingPatience;
  /** What the peer sees of a connection that is given up before its first byte. */
  readonly unused: "end" | "reset";
  leaseEnded(lease: PassiveLease, complete: boolean): void;
}

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "opening"; resolve(socket: PlainDataSocket): void; reject(error: Error): void }
  /** The peer is there and nothing of it was read. */
  | { readonly kind: "established"; readonly socket: PlainDataSocket }
  | { readonly kind: "open"; readonly socket: PlainDataSocket }
  | { readonly kind: "over"; readonly disposed: Promise<void> };

export class PassiveLease implements PlainDataConnection {
  readonly kind = "passive";
  readonly #owner: LeaseOwner;
  #state: State = { kind: "waiting" };
  #claimed = false;
  #complete = false;
  /** Somebody else came, and was turned away. */
  #intruded = false;

  constructor(owner: LeaseOwner) {
    this.#owner = owner;
  }

  get established(): boolean {
    return this.#state.kind === "established";
  }

  /** Whether its connection has come. */
  get claimed(): boolean {
    return this.#claimed;
  }

  open(o: OpenOptions): PlainDataSocket | Promise<PlainDataSocket> {
    const state = this.#state;
    if (o.signal.aborted) throw new DataConnectionError("closed");
    if (state.kind === "established") {
      this.#state = { kind: "open", socket: state.socket };
      return state.socket;
    }
    if (state.kind !== "waiting") throw new DataConnectionError("closed", "a data connection is used once");
    return waitFor<PlainDataSocket>(
      { ...o, timedOut: () => this.#nobodyCame(), aborted: () => new DataConnectionError("closed") },
      (resolve, reject) => {
        this.#state = { kind: "opening", resolve, reject };
        return () => {
          this.#state = { kind: "waiting" };
        };
      },
    );
  }

  ended(how: "complete" | "broken"): void {
    this.#complete = how === "complete";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    if (state.kind === "over") return await state.disposed;
    const socket = state.kind === "established" || state.kind === "open" ? state.socket : undefined;
    const disposed = socket?.close() ?? Promise.resolve();
    this.#state = { kind: "over", disposed };
    if (state.kind === "opening") state.reject(new DataConnectionError("closed"));
    this.#owner.leaseEnded(this, this.#claimed && this.#complete);
    await disposed;
  }

  /** For the port: the peer has come. False when one has come before, or the lease is over. */
  claim(arrival: Arrival): boolean {
    const state = this.#state;
    if (state.kind !== "waiting" && state.kind !== "opening") return false;
    this.#claimed = true;
    const socket = new PlainDataSocket(arrival.origin, this.#owner.patience, this.#owner.unused);
    if (state.kind === "waiting") {
      this.#state = { kind: "established", socket };
    } else {
      this.#state = { kind: "open", socket };
      state.resolve(socket);
    }
    return true;
  }

  /** For the port: somebody else has come. */
  intruded(): void {
    this.#intruded = true;
  }

  #nobodyCame(): DataConnectionError {
    return this.#intruded
      ? new DataConnectionError("wrong-peer", "only somebody else connected")
      : new DataConnectionError("timeout", "nobody connected in time");
  }
}

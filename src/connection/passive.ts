/** The passive side of data connections (PASV, EPSV; RFC 959 4.1.2, RFC 2428 3): one listening port a session. */
import { normalAddress } from "./address.js";
import { ClosingPatience } from "./closing-patience.js";
import { DataConnectionError } from "./data-connection.js";
import type { PlainDataConnection } from "./data-socket.js";
import type { Acceptance, Arrival } from "./listener.js";
import { type LeaseOwner, PassiveLease } from "./passive-lease.js";
import { type HeldListener, listenInRange } from "./passive-listen.js";
import type { PortRange } from "./port-range.js";
import { usableHandles } from "./raw-probe.js";

/** Why a listening port was given up: everything but "closed" and "taken-over" is a sign of trouble. */
export type Retirement =
  | "unclaimed" // nobody came for a lease
  | "broken" // the transfer did not complete
  | "second-connection"
  | "stray" // somebody connected while no transfer was expected
  | "wrong-peer"
  | "taken-over" // another session needed the port
  | "closed";

export interface PassivePortOptions {
  /** The control connection's own address: the client knows a way to it. */
  readonly localAddress: string;
  readonly range: PortRange;
  /** Asked about each connection, with the address in its one spelling; false closes it at once. */
  readonly peerAllowed: (address: string) => boolean;
  readonly onretire?: (why: Retirement, port: number) => void;
  /** What the peer sees of a connection that is given up before its first byte; "end" when absent. */
  readonly unused?: LeaseOwner["unused"];
  /** How connections are accepted; tried out when absent. */
  readonly acceptance?: Acceptance;
}

/**
 * A session's listening port. It serves lease after lease, but only as long as nothing odd happens: the last
 * lease was claimed by exactly one connection, and its transfer completed. After anything else the port is given
 * up for another, random one, so that a connection left over from a failed transfer cannot carry the next file.
 */
export class PassivePort {
  readonly #options: PassivePortOptions;
  readonly #owner: LeaseOwner;
  #held: HeldListener | undefined;
  #port = 0;
  #lease: PassiveLease | undefined;
  /** Why the port must not serve again, though its lease still waits for the right peer. */
  #spoilt: Retirement | undefined;
  /** What is being closed; never rejected. */
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(options: PassivePortOptions) {
    this.#options = options;
    this.#owner = {
      patience: new ClosingPatience(),
      unused: options.unused ?? "end",
      leaseEnded: (lease, complete) => this.#leaseEnded(lease, complete),
    };
  }

  /** The port of the last lease; 0 before the first. */
  get port(): number {
    return this.#port;
  }

  /**
   * Listens for one connection. The lease before is over then, whatever became of it. Calls must not overlap.
   * @throws DataConnectionError "no-port", or "closed" after `close`.
   */
  async lease(): Promise<PlainDataConnection> {
    await this.#lease?.[Symbol.asyncDispose]();
    if (this.#held !== undefined) await this.#dropBacklog(this.#held);
    const held = this.#held ?? (await this.#listen());
    if (this.#closed) {
      this.#retire("closed");
      throw new DataConnectionError("closed");
    }
    this.#port = held.port.port;
    this.#lease = new PassiveLease(this.#owner);
    return this.#lease;
  }

  /** Ends the lease, and resolves when every socket is closed. A second time does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#lease?.[Symbol.asyncDispose]();
    this.#retire("closed");
    await Promise.all(this.#closing);
  }

  /** Two turns hold one whole poll: whoever waits in the kernel is accepted, as a stray, and retires the port. */
  async #dropBacklog(held: HeldListener): Promise<void> {
    held.port.busy();
    await turn();
    await turn();
  }

  async #listen(): Promise<HeldListener> {
    const { range, localAddress, acceptance } = this.#options;
    this.#held = await listenInRange({
      range,
      address: normalAddress(localAddress),
      acceptance: acceptance ?? ((await usableHandles()) === undefined ? "public" : "raw"),
      onarrival: (arrival) => this.#arrived(arrival),
    });
    return this.#held;
  }

  #arrived(arrival: Arrival): void {
    const lease = this.#lease;
    if (arrival.peer === undefined || !this.#options.peerAllowed(arrival.peer)) {
      this.#track(arrival.origin.close());
      lease?.intruded();
      // The right peer may still come.
      if (lease !== undefined && !lease.claimed) this.#spoilt ??= "wrong-peer";
      else this.#retire("wrong-peer");
    } else if (lease === undefined) {
      this.#track(arrival.origin.close());
      this.#retire("stray");
    } else if (!lease.claim(arrival)) {
      this.#track(arrival.origin.close());
      this.#retire("second-connection");
    }
  }

  #leaseEnded(lease: PassiveLease, complete: boolean): void {
    this.#lease = undefined;
    if (this.#spoilt !== undefined) this.#retire(this.#spoilt);
    else if (complete) this.#held?.port.idle(() => this.#retire("taken-over"));
    else this.#retire(lease.claimed ? "broken" : "unclaimed");
  }

  #retire(why: Retirement): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#spoilt = undefined;
    held.port.release();
    this.#track(held.listener.close());
    this.#options.onretire?.(why, held.port.port);
  }

  #track(closing: Promise<void>): void {
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

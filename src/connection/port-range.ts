/** The ports that passive listeners may use, and which of them a server's sessions hold. */
import { randomInt } from "node:crypto";

/**
 * First and last port, both included. One object for all sessions of a process: it is their common book.
 *
 * Ports are picked at random, never by listening on port 0: the kernel's own search takes milliseconds when
 * thousands of closed connections are in TIME_WAIT. A start that cannot be guessed also makes it harder to
 * connect to a port before its client does (CVE-1999-0351).
 */
export class PortRange {
  readonly from: number;
  readonly to: number;
  /** By address and port: each local address has all ports of the range. */
  readonly #held = new Map<string, HeldPort>();
  /** Longest idle first. */
  readonly #idle = new Set<HeldPort>();

  /** @throws RangeError unless 1 <= from <= to <= 65535 */
  constructor({ from, to }: { readonly from: number; readonly to: number }) {
    if (!isPort(from) || !isPort(to) || from > to) {
      throw new RangeError(`a port range goes from 1 to 65535, not from ${from} to ${to}`);
    }
    this.from = from;
    this.to = to;
  }

  /** Ports that are held now, in use or idle. */
  get held(): number {
    return this.#held.size;
  }

  /**
   * Free ports of an address, from a random one upwards and round. Each is held when it comes; who cannot use
   * it releases it and asks for the next.
   */
  *free(address: string): Generator<HeldPort, void, undefined> {
    const count = this.to - this.from + 1;
    const first = randomInt(count);
    for (let step = 0; step < count; step++) {
      const port = this.from + ((first + step) % count);
      if (!this.#held.has(bookKey(address, port))) yield this.#hold(address, port);
    }
  }

  /** The port of this address that has been idle for longest, taken from its holder; undefined when none is. */
  takeOver(address: string): HeldPort | undefined {
    for (const port of this.#idle) {
      if (port.address !== address) continue;
      port.giveUp();
      return this.#hold(address, port.port);
    }
    return undefined;
  }

  #hold(address: string, port: number): HeldPort {
    const held = new HeldPort(address, port, this.#held, this.#idle);
    this.#held.set(bookKey(address, port), held);
    return held;
  }
}

/** A port of the range in the hands of one session. */
export class HeldPort {
  readonly address: string;
  readonly port: number;
  readonly #book: Map<string, HeldPort>;
  readonly #idle: Set<HeldPort>;
  #onTakeOver: (() => void) | undefined;

  constructor(address: string, port: number, book: Map<string, HeldPort>, idle: Set<HeldPort>) {
    this.address = address;
    this.port = port;
    this.#book = book;
    this.#idle = idle;
  }

  /** From now on another session may take it; `onTakeOver` must close the listener in the same turn. */
  idle(onTakeOver: () => void): void {
    this.#onTakeOver = onTakeOver;
    this.#idle.add(this);
  }

  /** It is in use again. */
  busy(): void {
    this.#onTakeOver = undefined;
    this.#idle.delete(this);
  }

  /** Gives it back to the range. A second time does nothing. */
  release(): void {
    this.busy();
    const key = bookKey(this.address, this.port);
    if (this.#book.get(key) === this) this.#book.delete(key);
  }

  /** For the range only: has the holder of an idle port close its listener. */
  giveUp(): void {
    const onTakeOver = this.#onTakeOver;
    this.release();
    onTakeOver?.();
  }
}

function bookKey(address: string, port: number): string {
  return `${address} ${port}`;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** E-mail addresses that anonymous guests gave, for the logs: found by the control connection's peer. */
import type { Peer } from "../../accounts/accounts.js";

/** A login whose connection is gone before it is answered leaves an entry behind; the oldest go first. */
const MAX_GUESTS = 10_000;

export class GuestBook {
  readonly #emails = new Map<string, string>();

  note(peer: Peer, email: string): void {
    this.#emails.set(keyOf(peer), email);
    if (this.#emails.size <= MAX_GUESTS) return;
    const oldest = this.#emails.keys().next();
    if (oldest.done !== true) this.#emails.delete(oldest.value);
  }

  emailOf(peer: Peer): string | undefined {
    return this.#emails.get(keyOf(peer));
  }

  forget(peer: Peer): void {
    this.#emails.delete(keyOf(peer));
  }
}

function keyOf({ address, port }: Peer): string {
  return `${address} ${port}`;
}

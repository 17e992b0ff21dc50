/** Counts of what is admitted: sessions in all, by address and by account. */

import { isIPv6 } from "node:net";

/** One place, given back by calling it; a second call does nothing. */
export type Lease = () => void;

/** Every admission counter looks like this, in memory or shared over processes and machines. */
export type Acquire = (key: string, limit: number) => Lease | undefined;

/**
 * Whom one address stands for: with IPv6 a network of 2^64, because a single customer gets no less than one, and takes
 * another address of it whenever he likes. Link-local addresses stand for themselves: one link is not one host.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address) || /^fe[89ab]/i.test(address)) return address;
  const [before = "", after] = address.split("::", 2);
  const left = before === "" ? [] : before.split(":");
  const gap = after === undefined ? 0 : 8 - left.length - hextets(after);
  const prefix = [
    ...left,
    ...Array.from({ length: Math.max(0, gap) }, () => "0"),
    ...(after?.split(":") ?? []),
  ];
  return `${prefix
    .slice(0, 4)
    .map((each) => Number.parseInt(each, 16).toString(16))
    .join(":")}::/64`;
}

/** Of what is written, where an IPv4 address at the end stands for two. */
function hextets(text: string): number {
  if (text === "") return 0;
  return text.split(":").length + (text.includes(".") ? 1 : 0);
}

export class Counters {
  readonly #counts = new Map<string, number>();

  /** A place under `key`, or undefined when `limit` of them are taken. */
  readonly acquire: Acquire = (key, limit) => {
    const count = this.#counts.get(key) ?? 0;
    if (count >= limit) return undefined;
    this.#counts.set(key, count + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  };

  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

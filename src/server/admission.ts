/** Counts of what is admitted: sessions in all, by address and by account. */

/** One place, given back by calling it; a second call does nothing. */
export type Lease = () => void;

/** Every admission counter looks like this, in memory or shared over processes and machines. */
export type Acquire = (key: string, limit: number) => Lease | undefined;

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

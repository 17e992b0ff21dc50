/** Which bytes of a file are there, which are on their way, and who takes the next ones. Knows no clock. */

/** From the first byte to one past the last. */
export type Range = readonly [from: number, to: number];

/** Bytes below which a range is not worth another connection. */
export const SMALLEST_RANGE = 256 * 1024;

/** What one connection is about to fetch. `to` may come nearer while it does: somebody else took the rest. */
export interface Claim {
  readonly from: number;
  /** Those before it are in the file. */
  position: number;
  /** Those before it have come, and are being written. */
  received: number;
  to: number;
  /** Milliseconds, as `claim` was told: when it began, and when bytes came last. */
  readonly since: number;
  moved: number;
  /** Called when all of the rest was taken away, because nothing came for too long. */
  cut: () => void;
}

/** Milliseconds without a byte, after which others take all that a connection has before it. */
const STUCK = 5000;

/** The ranges of one file. */
export class Ranges {
  readonly size: number;
  /** Sorted, and no two touch. */
  #done: Range[];
  readonly #claims = new Set<Claim>();
  #doneBytes: number;

  /** `done`: sorted and apart, as `done` gives them. */
  constructor(size: number, done: readonly Range[] = []) {
    this.size = size;
    this.#done = [...done];
    this.#doneBytes = done.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  get whole(): boolean {
    return this.bytes >= this.size;
  }

  /** Bytes that are there. */
  get bytes(): number {
    let bytes = this.#doneBytes;
    for (const { from, position } of this.#claims) bytes += position - from;
    return bytes;
  }

  /** Connections at work. */
  get claims(): number {
    return this.#claims.size;
  }

  /** What is there now, sorted and apart. */
  done(): Range[] {
    const begun = [...this.#claims].map(({ from, position }): Range => [from, position]);
    return merged([...this.#done, ...begun]);
  }

  /**
   * The next bytes to fetch: a share of what nobody has, `1/parts` of the file at most; else half of what another
   * one still has before it, the slowest one first. Undefined when there is nothing to be had now.
   * `now`: milliseconds; `rate`: bytes per millisecond that the taker expects of itself, when it knows.
   */
  claim(parts: number, now: number, rate?: number): Claim | undefined {
    const free = this.#free();
    const range =
      free === undefined ? (this.#stolen(now, rate) ?? this.#stuck(now)) : this.#share(free, parts);
    if (range === undefined) return undefined;
    const [from, to] = range;
    const claim: Claim = { from, position: from, received: from, to, since: now, moved: now, cut: () => {} };
    this.#claims.add(claim);
    return claim;
  }

  /** What was fetched stays; the rest is anybody's again. */
  release(claim: Claim): void {
    if (!this.#claims.delete(claim)) return;
    if (claim.position === claim.from) return;
    this.#doneBytes += claim.position - claim.from;
    this.#done = merged([...this.#done, [claim.from, claim.position]]);
  }

  /** The first bytes that nobody has or fetches. */
  #free(): Range | undefined {
    const taken = merged([...this.#done, ...[...this.#claims].map(({ from, to }): Range => [from, to])]);
    let from = 0;
    for (const [next, to] of taken) {
      if (from < next) return [from, next];
      from = to;
    }
    return from < this.size ? [from, this.size] : undefined;
  }

  #share([from, to]: Range, parts: number): Range {
    const share = Math.max(SMALLEST_RANGE, Math.ceil(this.size / parts));
    // A rest that is too small for a connection of its own goes with the rest before.
    return [from, to - from < share + SMALLEST_RANGE ? to : from + share];
  }

  /** From the one that will be busy longest, as much as makes both end at the same time. */
  #stolen(now: number, rate: number | undefined): Range | undefined {
    let slowest: { readonly claim: Claim; readonly rate: number; readonly left: number } | undefined;
    let longest = 0;
    for (const claim of this.#claims) {
      const left = claim.to - claim.received;
      if (left < 2 * SMALLEST_RANGE) continue;
      const moved = (claim.received - claim.from) / Math.max(1, now - claim.since);
      const time = left / Math.max(moved, Number.MIN_VALUE);
      if (slowest !== undefined && time <= longest) continue;
      slowest = { claim, rate: moved, left };
      longest = time;
    }
    if (slowest === undefined) return undefined;
    const { claim, left } = slowest;
    const own = rate ?? slowest.rate;
    const kept = own + slowest.rate > 0 ? (left * slowest.rate) / (own + slowest.rate) : left / 2;
    const bounded = Math.min(Math.max(Math.round(kept), SMALLEST_RANGE), left - SMALLEST_RANGE);
    const range: Range = [claim.received + bounded, claim.to];
    claim.to = range[0];
    return range;
  }

  /** All that a connection has before it which brings nothing any more. */
  #stuck(now: number): Range | undefined {
    for (const claim of this.#claims) {
      const range: Range = [claim.received, claim.to];
      if (range[0] >= range[1] || now - claim.moved < STUCK) continue;
      claim.to = range[0];
      claim.cut();
      return range;
    }
    return undefined;
  }
}

/** Sorted, with those joined that touch or overlap, and none empty. */
export function merged(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter(([from, to]) => from < to).sort(([one], [other]) => one - other);
  const joined: Range[] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last === undefined || last[1] < from) joined.push([from, to]);
    else joined[joined.length - 1] = [last[0], Math.max(last[1], to)];
  }
  return joined;
}

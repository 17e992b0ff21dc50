/** Keeps a transfer at a rate. Knows no clock: it is told the time. */

/** What may be caught up at once after a pause: a tenth of a second's worth. */
const SLACK = 100;
const SMALLEST_CHUNK = 512;

export class Throttle {
  readonly #rate: number;
  /** When the bytes so far would have been moved at exactly this rate; milliseconds. */
  #due: number;

  /** `rate`: bytes per second, more than 0; `now`: milliseconds of any clock that only goes forward. */
  constructor(rate: number, now: number) {
    this.#rate = Math.max(rate, 1);
    this.#due = now;
  }

  /** Counts bytes that were moved; milliseconds to wait before more may be, 0 for none. */
  spend(bytes: number, now: number): number {
    this.#due = Math.max(this.#due, now - SLACK) + (bytes / this.#rate) * 1000;
    return Math.max(0, this.#due - now);
  }

  /** Bytes of a chunk, at most `chunk`, so that about ten go in a second and none waits for long. */
  chunk(chunk: number): number {
    return Math.min(chunk, Math.max(SMALLEST_CHUNK, Math.floor(this.#rate / 10)));
  }
}

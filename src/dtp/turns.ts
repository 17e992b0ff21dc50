/**
 * What a transfer may do in one turn of the event loop.
 *
 * After each chunk every transfer lets the loop poll once. A promise or a write callback is not enough: eight
 * readers then starve everybody else for seconds, while with a turn each a NOOP waits a millisecond, and the
 * total is no slower.
 */
import { LARGEST_BUFFER } from "../connection/buffer-pool.js";

const LARGEST_CHUNK = LARGEST_BUFFER;
const SMALLEST_CHUNK = 64 * 1024;

/** Counts the transfers that run, and shares out what may move in a turn. */
export class Turns {
  #running = 0;
  #chunk = LARGEST_CHUNK;

  /** Bytes of one chunk, for each of the transfers that run now: 1 MiB shared among them, 64 KiB at least. */
  get chunk(): number {
    return this.#chunk;
  }

  begin(): void {
    this.#running++;
    this.#share();
  }

  end(): void {
    this.#running--;
    this.#share();
  }

  #share(): void {
    this.#chunk = LARGEST_CHUNK;
    while (this.#chunk > SMALLEST_CHUNK && this.#chunk * this.#running > LARGEST_CHUNK) this.#chunk /= 2;
  }
}

/** Of all transfers of the process: they share one event loop. */
export const turns = new Turns();

/** Resolves after the loop has polled. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

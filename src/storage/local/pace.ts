/**
 * When to read and write synchronously. A page that the kernel has at hand is copied in less time than it takes
 * to ask a thread of the pool for it (64 KiB: 10 µs against 125), but a disk that has to seek would stop every
 * other session. So each file begins asynchronously, goes on synchronously after two quick operations, and goes
 * back after a slow one.
 */
import { performance } from "node:perf_hooks";

/** Milliseconds; an operation that takes longer is slow. */
export const SLOW = 2;
/** Quick asynchronous operations that a file needs before it is trusted; doubled after each slow one. */
const NEEDED = 2;
const MOST_NEEDED = 64;
/** Quick synchronous operations after which earlier slow ones are forgotten. */
const FORGIVING = 256;
/** Quick operations on any file that a file system needs, after a slow one, before a first one may be synchronous. */
const DISTRUST = 16;

/** What one file system was like lately, over all of its files. */
export class DiskPace {
  /** Local file systems may be used synchronously; others would stop the process when the network does. */
  readonly local: boolean;
  #distrust = NEEDED;

  constructor(local: boolean) {
    this.local = local;
  }

  /** Whether the first operation on a small file may be synchronous: the last ones on others were quick. */
  get quick(): boolean {
    return this.local && this.#distrust === 0;
  }

  took(milliseconds: number): void {
    if (milliseconds > SLOW) this.#distrust = DISTRUST;
    else if (this.#distrust > 0) this.#distrust--;
  }
}

/** How one open file is read or written. */
export class Pace {
  readonly #disk: DiskPace;
  #needed = NEEDED;
  /** Quick ones in a row, of the kind that is in use. */
  #quick = 0;
  #synchronous: boolean;

  constructor(disk: DiskPace, small: boolean) {
    this.#disk = disk;
    this.#synchronous = small && disk.quick;
  }

  get synchronous(): boolean {
    return this.#synchronous;
  }

  /** After a synchronous operation, with how long it took. */
  ran(milliseconds: number): void {
    this.#disk.took(milliseconds);
    if (milliseconds > SLOW) {
      this.#synchronous = false;
      this.#quick = 0;
      this.#needed = Math.min(this.#needed * 2, MOST_NEEDED);
    } else if (++this.#quick === FORGIVING) {
      this.#needed = NEEDED;
    }
  }

  /** Before an asynchronous operation; give the answer to {@link waited}. */
  startWaiting(): number {
    return idleTime();
  }

  /**
   * After an asynchronous operation. Only time that the loop sat idle counts: on a busy loop every answer comes
   * late, and files would never become synchronous when that saves the most.
   */
  waited(since: number): void {
    const milliseconds = idleTime() - since;
    this.#disk.took(milliseconds);
    this.#quick = milliseconds > SLOW ? 0 : this.#quick + 1;
    if (this.#quick < this.#needed || !this.#disk.local) return;
    this.#synchronous = true;
    this.#quick = 0;
  }
}

function idleTime(): number {
  return performance.eventLoopUtilization().idle;
}

/** One transfer of the progress display: the numbers that it leaves, and what is said of it. */
import type { ProgressRow } from "./progress-line.js";
import { movedText } from "./quantities.js";

export type BarResult = "moved" | "skipped" | "failed" | "stopped";

export interface TransferBar {
  /** For `onProgress`; undefined where nobody looks at it. */
  readonly at: ((progress: BarProgress) => void) | undefined;
  /** It ended; what was stopped counts as neither done nor failed. */
  end(result: BarResult): void;
}

export interface BarProgress {
  /** Of the file that are there. */
  readonly bytes: number;
  /** Where this transfer began. */
  readonly start: number;
  readonly total: number | undefined;
  readonly rate: number;
  readonly eta: number | undefined;
}

export class Bar implements TransferBar {
  readonly #name: string;
  readonly #onEnd: (result: BarResult) => void;
  readonly #began = performance.now();
  #progress: BarProgress;
  #running = true;

  constructor(name: string, total: number | undefined, onEnd: (result: BarResult) => void) {
    this.#name = name;
    this.#onEnd = onEnd;
    this.#progress = { bytes: 0, start: 0, total, rate: 0, eta: undefined };
  }

  get bytes(): number {
    return this.#progress.bytes;
  }

  get moved(): number {
    return this.#progress.bytes - this.#progress.start;
  }

  readonly at = (progress: BarProgress): void => {
    this.#progress = progress;
  };

  end(result: BarResult): void {
    if (!this.#running) return;
    this.#running = false;
    this.#onEnd(result);
  }

  row(): ProgressRow {
    const { bytes, total, rate, eta } = this.#progress;
    return { name: this.#name, bytes, total, rate, eta };
  }

  doneLine(): string {
    return `${this.#name}  ${movedText(this.moved, performance.now() - this.#began)}`;
  }
}

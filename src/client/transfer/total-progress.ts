/** How far many transfers are together. */
import { etaOf, RateMeter } from "./progress.js";

export interface TotalProgress {
  /** Files that are done, and all that are to be moved. */
  readonly files: { readonly done: number; readonly total: number };
  /** Bytes that have moved. */
  readonly bytes: number;
  /** Bytes of all files, as far as their sizes are known. */
  readonly total: number;
  /** Bytes per second over the last seconds. */
  readonly rate: number;
  /** Milliseconds to the end at this rate; undefined when it cannot be told. */
  readonly eta: number | undefined;
}

/** Counts many files together. */
export class TotalMeter {
  readonly #tell: (total: TotalProgress) => void;
  readonly #rate = new RateMeter();
  readonly #began = performance.now();
  /** By path, of the files that move or have moved. */
  readonly #bytes = new Map<string, number>();
  #moved = 0;
  #total = 0;
  #files = { done: 0, total: 0 };

  constructor(tell: (total: TotalProgress) => void) {
    this.#tell = tell;
  }

  begin({ files, bytes }: { readonly files: number; readonly bytes: number }): void {
    this.#total = bytes;
    this.#files = { done: 0, total: files };
    this.#say();
  }

  at(path: string, bytes: number): void {
    this.#moved += bytes - (this.#bytes.get(path) ?? 0);
    this.#bytes.set(path, bytes);
    this.#say();
  }

  done(): void {
    this.#files = { ...this.#files, done: this.#files.done + 1 };
    this.#say();
  }

  #say(): void {
    const rate = this.#rate.at(performance.now() - this.#began, this.#moved);
    const eta = etaOf(Math.max(0, this.#total - this.#moved), rate);
    this.#tell({ files: this.#files, bytes: this.#moved, total: this.#total, rate, eta });
  }
}

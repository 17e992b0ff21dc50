/** How far a transfer is, how fast it goes, and when it will be done. */
import type { TransferProgress } from "../../dtp/outcome.js";

export interface Progress {
  /** The server's name of the file. */
  readonly path: string;
  readonly direction: "download" | "upload";
  /** Bytes of the file that are there now, those before a continued transfer included. */
  readonly bytes: number;
  /** Where this transfer began in the file. */
  readonly start: number;
  /** Bytes of the whole file, when known. */
  readonly total: number | undefined;
  /** Bytes per second over the last seconds. */
  readonly rate: number;
  /** Milliseconds to the end at this rate; undefined when it cannot be told. */
  readonly eta: number | undefined;
  /** Milliseconds since it began. */
  readonly elapsed: number;
  /** True in the last event. */
  readonly done: boolean;
}

export type OnProgress = (progress: Progress) => void;

/** Milliseconds between two events. */
const INTERVAL = 200;
/** Milliseconds that the rate looks back. */
const WINDOW = 5000;

export interface MeterOptions {
  readonly path: string;
  readonly direction: Progress["direction"];
  readonly start: number;
  readonly total: number | undefined;
  readonly onProgress: OnProgress;
}

/** Tells of a transfer while it runs: at once, a few times a second, and when it has ended. */
export class ProgressMeter {
  readonly #o: MeterOptions;
  readonly #source: TransferProgress;
  readonly #rate = new RateMeter();
  readonly #timer: NodeJS.Timeout;

  constructor(source: TransferProgress, o: MeterOptions) {
    this.#source = source;
    this.#o = o;
    this.#timer = setInterval(() => this.#tell(false), INTERVAL);
    // It only watches; the transfer's own sockets keep the process alive.
    this.#timer.unref();
    this.#tell(false);
  }

  /** Stops; `complete` tells it once more. */
  end(complete: boolean): void {
    clearInterval(this.#timer);
    if (complete) this.#tell(true);
  }

  #tell(done: boolean): void {
    const { path, direction, start, total, onProgress } = this.#o;
    const { elapsed } = this.#source;
    const bytes = start + this.#source.bytes;
    const rate = this.#rate.at(elapsed, this.#source.bytes);
    const known = total ?? this.#wholeOfSource(start);
    const eta = done ? 0 : etaOf(known === undefined ? undefined : known - bytes, rate);
    onProgress({ path, direction, bytes, start, total: known, rate, eta, elapsed, done });
  }

  #wholeOfSource(start: number): number | undefined {
    return this.#source.total === undefined ? undefined : start + this.#source.total;
  }
}

/** Bytes per second over the last seconds. Knows no clock: it is told the time. */
export class RateMeter {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [{ at: 0, bytes: 0 }];

  /** `at`: milliseconds since the beginning; `bytes`: so far. Both only grow. */
  at(at: number, bytes: number): number {
    const samples = this.#samples;
    samples.push({ at, bytes });
    while (samples.length > 2 && (samples[1]?.at ?? at) <= at - WINDOW) samples.shift();
    const first = samples[0] ?? { at: 0, bytes: 0 };
    return at > first.at ? ((bytes - first.bytes) * 1000) / (at - first.at) : 0;
  }
}

/** Milliseconds for the bytes that are left. */
export function etaOf(left: number | undefined, rate: number): number | undefined {
  if (left === undefined || left < 0 || (rate <= 0 && left > 0)) return undefined;
  return left === 0 ? 0 : (left / rate) * 1000;
}

/**
 * The progress of one job: bars while it is in the foreground, nothing behind the prompt. Moved in between, its bars
 * come and go with it.
 */

import { humanSize } from "../../client/formatting.js";
import {
  type BarProgress,
  type Expected,
  type ProgressDisplay,
  progressDisplay,
  type TransferBar,
} from "../../client/progress-display.js";
import { countText, rateText } from "../../client/quantities.js";
import type { Terminal } from "../../terminal.js";
import type { ShellOutput } from "../output.js";
import type { Screen } from "../terminal/screen.js";
import type { Job } from "./job.js";

export interface JobDisplayOptions {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly silent: boolean;
  /** Where the job's output goes. */
  readonly out: ShellOutput;
  /** How the server's names are shown: seen from where the shell is. */
  readonly shorten: (path: string) => string;
}

export class JobDisplay implements ProgressDisplay {
  /** Above the bars, or above the prompt. */
  readonly errors = { write: (text: string | Uint8Array): void => this.#writeError(String(text)) };
  readonly output = { write: (text: string | Uint8Array): void => this.#write(text) };
  readonly #job: Job;
  readonly #o: JobDisplayOptions;
  readonly #bars = new Set<MovableBar>();
  readonly #forget: () => void;
  #inner: ProgressDisplay | undefined;
  /** Leaves out lines for standard output, for a while. */
  silentLines = false;
  #expected: Expected | undefined;
  #ended = 0;

  /** Also behind the prompt: `jobs` tells how far it is. */
  get shows(): boolean {
    return !this.#o.silent;
  }

  constructor(job: Job, o: JobDisplayOptions) {
    this.#job = job;
    this.#o = o;
    this.#forget = job.onMoved(() => this.#moved());
    job.progress = () => this.#summary();
    this.#moved();
  }

  begin(name: string, total?: number): TransferBar {
    const bar = new MovableBar(this.#o.shorten(name), total, () => {
      this.#bars.delete(bar);
      this.#ended++;
    });
    this.#bars.add(bar);
    bar.showOn(this.#inner);
    return bar;
  }

  expect(all: Expected): void {
    this.#expected = this.silentLines ? { ...all, doneLines: true } : all;
    this.#inner?.expect(this.#expected);
  }

  note(line: string): void {
    this.#inner?.note(line);
  }

  close(): void {
    this.#forget();
    this.#hide();
  }

  #writeError(text: string): void {
    if (this.#inner === undefined) this.#o.screen.note(text.replace(/\n$/, ""));
    else this.#inner.errors.write(text);
  }

  #write(text: string | Uint8Array): void {
    if (this.silentLines) return;
    const { out } = this.#o;
    if (out.isTTY && this.#inner !== undefined) this.#inner.output.write(text);
    // What cannot be written there is told at its end.
    else void Promise.resolve(out.write(text)).catch(() => {});
  }

  #moved(): void {
    if (this.#job.place === "background") {
      this.#hide();
      return;
    }
    const { terminal, screen, silent } = this.#o;
    const inner = progressDisplay(terminal, { silent });
    this.#inner = inner;
    screen.above = (line) => inner.errors.write(`${line}\n`);
    if (this.#expected !== undefined) inner.expect(this.#expected);
    for (const bar of this.#bars) bar.showOn(inner);
  }

  #hide(): void {
    if (this.#inner === undefined) return;
    for (const bar of this.#bars) bar.showOn(undefined);
    this.#inner.close();
    this.#inner = undefined;
    this.#o.screen.above = undefined;
  }

  #summary(): string {
    const bars = [...this.#bars];
    if (bars.length === 0) return "";
    const bytes = bars.reduce((sum, bar) => sum + bar.progress.bytes, 0);
    const rate = bars.reduce((sum, bar) => sum + bar.progress.rate, 0);
    const [only] = bars;
    const total = bars.length === 1 && only?.progress.total !== undefined ? only.progress.total : undefined;
    const files =
      this.#expected === undefined || this.#expected.files < 2
        ? ""
        : `${this.#ended} of ${countText(this.#expected.files, "file")}, `;
    const of = total === undefined ? "" : ` of ${humanSize(total)}`;
    return `${files}${humanSize(bytes)}${of}, ${rateText(rate)}`;
  }
}

/** A bar that can be taken from one display to the next. */
class MovableBar implements TransferBar {
  readonly #name: string;
  readonly #onEnd: () => void;
  progress: BarProgress;
  #shown: TransferBar | undefined;

  constructor(name: string, total: number | undefined, onEnd: () => void) {
    this.#name = name;
    this.#onEnd = onEnd;
    this.progress = { bytes: 0, start: 0, total, rate: 0, eta: undefined };
  }

  showOn(display: ProgressDisplay | undefined): void {
    this.#shown?.end("stopped");
    this.#shown = display?.begin(this.#name, this.progress.total);
    this.#shown?.at?.(this.progress);
  }

  readonly at = (progress: BarProgress): void => {
    this.progress = progress;
    this.#shown?.at?.(progress);
  };

  end(result: Parameters<TransferBar["end"]>[0]): void {
    this.#shown?.end(result);
    this.#shown = undefined;
    this.#onEnd();
  }
}

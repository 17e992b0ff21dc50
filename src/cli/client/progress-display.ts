/**
 * How far transfers are, on a terminal: a line for each that runs, and one for all of them. One timer draws all of
 * it; transfers only leave numbers here. Messages go above the lines.
 *
 * The cursor is not hidden, and waits at the beginning of the first line. So nothing has to be known of lines that
 * the terminal has wrapped anew when its size changed, and a program that is stopped or killed, however it may be,
 * leaves a terminal that works. Ctrl-Z takes the lines away, and nothing is drawn behind a shell's prompt.
 */
import { etaOf, RateMeter } from "../../client/transfer/progress.js";
import { escapeHostile } from "../../protocol/text.js";

import type { Terminal, TerminalOutput } from "../terminal.js";
import { fitMiddle } from "../text-width.js";

import { type ProgressRow, progressLines } from "./progress-line.js";
import { countText } from "./quantities.js";
import { Bar, type BarResult, type TransferBar } from "./transfer-bar.js";

export type { BarProgress, TransferBar } from "./transfer-bar.js";

export interface ProgressDisplay {
  /** Whether there are bars: else nobody looks at what `onProgress` tells. */
  readonly shows: boolean;
  /** What goes on before anything moves, until {@link expect} is told. Absent where nobody would see it. */
  status?(text: string): void;
  /** A transfer that begins. @param name Of whatever characters. */
  begin(name: string, total?: number): TransferBar;
  /** All that is to be moved, for a line about all of it. */
  expect(all: Expected): void;
  /** Lines for standard error, above the bars. */
  readonly errors: Pick<TerminalOutput, "write">;
  /** Lines for standard output, above the bars where both are the terminal. */
  readonly output: Pick<TerminalOutput, "write">;
  /** A line, without its end, that only people want: left out where there are no bars. */
  note(line: string): void;
  /** Takes the bars away; what comes after is written at once. */
  close(): void;
}

export interface Expected {
  readonly files: number;
  /** Undefined when some of the files have a size that nobody knows yet. */
  readonly bytes: number | undefined;
  /** Whether a line stays of each file that is done, where they are few; false where whoever moves them writes one. */
  readonly doneLines?: boolean;
}

export interface DisplayOptions {
  /** --quiet, --json: no bars. */
  readonly silent?: boolean;
  /** Milliseconds between two drawings. */
  readonly interval?: number;
}

const INTERVAL = 100;
/** Columns of a name that are kept: more are on no line. */
const LONGEST_NAME = 200;
/** Of more files than this, those that are done are only counted. */
const MOST_DONE_LINES = 10;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const TO_COLUMN_1 = "\r";
/** ECMA-48 8.3.39 and 8.3.41: erases to the end of the screen, and of the line. */
const ERASE_BELOW = "\u001b[J";
const ERASE_RIGHT = "\u001b[K";
/** DECAWM: terminals do not agree how wide some characters are, and a line must not become two. */
const NO_WRAP = "\u001b[?7l";
const WRAP = "\u001b[?7h";
/** ECMA-48 8.3.22. */
const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A` : "");

/** Bars where stderr is a terminal and they are wanted; otherwise only messages. */
export function progressDisplay(terminal: Terminal, o: DisplayOptions = {}): ProgressDisplay {
  const dumb = terminal.environment.TERM === "dumb";
  if (o.silent === true || dumb || terminal.errors.isTTY !== true) return new MessagesOnly(terminal);
  return new TerminalDisplay(terminal, o.interval ?? INTERVAL);
}

/** Counts what a listing tells, for all to see; keeps everything. */
export function seen(display: ProgressDisplay): () => boolean {
  let count = 0;
  return () => {
    display.status?.(`listing: ${++count} found`);
    return true;
  };
}

class MessagesOnly implements ProgressDisplay {
  readonly shows = false;
  readonly errors: TerminalOutput;
  readonly output: TerminalOutput;

  constructor({ errors, output }: Terminal) {
    this.errors = errors;
    this.output = output;
  }

  begin(): TransferBar {
    return { at: undefined, end() {} };
  }

  expect(): void {}

  note(): void {}

  close(): void {}
}

/** Of transfers that have ended, or of all. */
interface Sums {
  /** Of their files that are there. */
  bytes: number;
  /** Those among them that were moved now. */
  moved: number;
}

class TerminalDisplay implements ProgressDisplay {
  readonly shows = true;
  readonly errors = { write: (text: string | Uint8Array): void => this.#write(String(text)) };
  readonly output: Pick<TerminalOutput, "write">;
  readonly #terminal: Terminal;
  readonly #screen: TerminalOutput;
  #ignoreTerminal = (): void => {};
  readonly #interval: number;
  readonly #bars = new Set<Bar>();
  readonly #began = performance.now();
  readonly #rate = new RateMeter();
  #timer: NodeJS.Timeout | undefined;
  #expected: Expected | undefined;
  readonly #ended = { bytes: 0, moved: 0, files: 0, failed: 0 };
  /** Written with the next drawing, above the bars. */
  #waiting = "";
  #status: string | undefined;
  #drawn = "";
  #closed = false;
  #suspended = false;

  constructor(terminal: Terminal, interval: number) {
    // Into a file or a pipe it goes as it is; on this terminal it must not be torn by the bars.
    this.output = terminal.output.isTTY === true ? this.errors : terminal.output;
    this.#terminal = terminal;
    this.#screen = terminal.errors;
    this.#interval = interval;
  }

  status(text: string): void {
    this.#status = text;
    this.#start();
  }

  begin(name: string, total?: number): TransferBar {
    const bar = new Bar(fitMiddle(escapeHostile(name), LONGEST_NAME), total, (result) =>
      this.#end(bar, result),
    );
    this.#bars.add(bar);
    this.#start();
    return bar;
  }

  expect(all: Expected): void {
    this.#expected = all;
    this.#status = undefined;
  }

  note(line: string): void {
    this.#write(`${line}\n`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#closed = true;
    this.#ignoreTerminal();
    this.#clear();
  }

  /** Takes the lines away, and writes what waits. */
  #clear(): void {
    const erased = this.#drawn === "" ? "" : TO_COLUMN_1 + ERASE_BELOW;
    const lines = this.#takeWaiting();
    if (erased !== "" || lines !== "") this.#screen.write(erased + lines);
    this.#drawn = "";
  }

  #end(bar: Bar, result: BarResult): void {
    this.#bars.delete(bar);
    if (result === "stopped") return;
    const ended = this.#ended;
    ended.bytes += bar.bytes;
    ended.moved += bar.moved;
    ended.files++;
    if (result === "failed") ended.failed++;
    const { files = 1, doneLines = true } = this.#expected ?? {};
    if (result === "moved" && doneLines && files <= MOST_DONE_LINES) this.note(bar.doneLine());
  }

  #start(): void {
    if (this.#timer !== undefined || this.#closed) return;
    const ignoreResize = this.#screen.onResize(() => this.#redraw());
    const ignoreSuspend = this.#terminal.onSuspend({
      suspended: () => {
        this.#clear();
        this.#suspended = true;
      },
      resumed: () => {
        this.#suspended = false;
        this.#redraw();
      },
    });
    this.#ignoreTerminal = () => {
      ignoreResize();
      ignoreSuspend();
    };
    this.#timer = setInterval(() => this.#draw(), this.#interval);
    // It only shows; what it shows keeps the process alive.
    this.#timer.unref();
  }

  /** After a resize whatever is on the screen may stand elsewhere. */
  #redraw(): void {
    this.#drawn = "";
    this.#draw();
  }

  #draw(): void {
    const { columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS } = this.#screen;
    const lines =
      this.#status === undefined
        ? progressLines(this.#rows(), columns)
        : [fitMiddle(escapeHostile(this.#status), Math.max(0, columns - 1))];
    // More lines than the screen has would scroll it away, each time they are drawn.
    const most = Math.max(1, rows - 1);
    const shown = lines.length > most ? lines.slice(lines.length - most) : lines;
    const frame = NO_WRAP + shown.map((line) => line + ERASE_RIGHT).join("\n") + ERASE_BELOW + WRAP;
    if (this.#waiting === "" && frame === this.#drawn) return;
    if (this.#suspended || !this.#terminal.inForeground) return this.#behind();
    const above = this.#takeWaiting();
    this.#drawn = frame;
    const erased = above === "" ? "" : ERASE_BELOW + above;
    // In one piece, so that nobody sees half of it.
    this.#screen.write(`${TO_COLUMN_1}${erased}${frame}${TO_COLUMN_1}${up(shown.length - 1)}`);
  }

  /** What stands on the screen now is somebody else's. */
  #behind(): void {
    this.#drawn = "";
    this.#clear();
  }

  #write(lines: string): void {
    if (this.#timer === undefined) this.#screen.write(lines);
    else this.#waiting += lines;
  }

  #takeWaiting(): string {
    const lines = this.#waiting;
    this.#waiting = "";
    return lines;
  }

  /** The line about all comes last, and is never the one that is left out. */
  #rows(): ProgressRow[] {
    const running = [...this.#bars].map((bar) => bar.row());
    const all = this.#totalRow();
    return all === undefined ? running : [...running, all];
  }

  #totalRow(): ProgressRow | undefined {
    const { bytes, moved } = this.#sums();
    // Told from the first drawing on, so that it knows the last seconds when the line is shown.
    const rate = Math.max(0, this.#rate.at(performance.now() - this.#began, moved));
    if (this.#expected === undefined || this.#expected.files < 2) return undefined;
    const { files, bytes: total } = this.#expected;
    const failed = this.#ended.failed === 0 ? "" : `, ${this.#ended.failed} failed`;
    const name = `${this.#ended.files} of ${countText(files, "file")}${failed}`;
    const eta = total === undefined ? undefined : etaOf(Math.max(0, total - bytes), rate);
    return { name, bytes, total, rate, eta };
  }

  #sums(): Sums {
    const { bytes, moved } = this.#ended;
    const sums = { bytes, moved };
    for (const bar of this.#bars) {
      sums.bytes += bar.bytes;
      sums.moved += bar.moved;
    }
    return sums;
  }
}

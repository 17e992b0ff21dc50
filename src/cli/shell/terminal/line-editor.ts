/** Lines that a person types: Node's readline, with completion of our own and lines from elsewhere above. */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import { Writable } from "node:stream";
import type { Terminal } from "../../terminal.js";
import type { Completion } from "../completion/complete.js";
import type { Candidate } from "../completion/source.js";
import { choicesText } from "./choices.js";
import type { Keyboard } from "./keyboard.js";
import type { Screen } from "./screen.js";

export interface LineEditorOptions {
  readonly terminal: Terminal;
  readonly keyboard: Keyboard;
  readonly screen: Screen;
  /** Oldest first. */
  readonly history: readonly string[];
  readonly historySize: number;
  /** Gives the text, which is shown for the candidate, its colour. */
  readonly paint: (text: string, candidate: Candidate) => string;
  /** Whether a line may be recalled. */
  readonly recallable: (line: string) => boolean;
  readonly complete: (line: string, signal: AbortSignal) => Promise<Completion>;
  /** Ctrl-C has cleared what was typed. */
  readonly onCleared: () => void;
}

/** "interrupt": Ctrl-C on an empty line; "end": Ctrl-D there, or a terminal that is gone. */
export type Typed = { readonly kind: "line"; readonly line: string } | { readonly kind: "interrupt" | "end" };

/** Milliseconds that Tab may take, on a server that does not answer. */
const COMPLETION_TIME = 5000;

export class LineEditor {
  readonly #o: LineEditorOptions;
  readonly #output: EditorOutput;
  #interface: Interface | undefined;
  #history: string[];
  #settle: ((typed: Typed) => void) | undefined;

  constructor(o: LineEditorOptions) {
    this.#o = o;
    this.#output = new EditorOutput(o.terminal);
    // readline has the newest first.
    this.#history = o.history.toReversed();
  }

  /** The next line, one at a time. `prompt` is asked again whenever a line is written above. */
  async read(prompt: () => string): Promise<Typed> {
    const readline = this.#open();
    const { screen, keyboard } = this.#o;
    return await new Promise((resolve) => {
      this.#settle = (typed) => {
        this.#settle = undefined;
        screen.above = undefined;
        keyboard.forNobody();
        resolve(typed);
      };
      readline.setPrompt(prompt());
      readline.prompt();
      screen.above = (line) => {
        // It may tell of jobs.
        readline.setPrompt(prompt());
        this.#writeAbove(readline, `${line}\n`);
      };
      keyboard.forLine();
    });
  }

  /** The line that is being read is at its end. */
  cancel(): void {
    this.#settle?.({ kind: "end" });
  }

  close(): void {
    const readline = this.#interface;
    this.#interface = undefined;
    readline?.close();
    this.#output.close();
  }

  #open(): Interface {
    if (this.#interface !== undefined) return this.#interface;
    const { keyboard, recallable, historySize } = this.#o;
    const readline = createInterface({
      input: keyboard.line,
      output: this.#output,
      terminal: true,
      history: this.#history,
      historySize,
      removeHistoryDuplicates: true,
      escapeCodeTimeout: 50,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        void this.#complete(readline, line).then((result) => {
          done(null, result);
          // readline takes some promises to write it into the line.
          setImmediate(() => {
            if (this.#settle !== undefined) keyboard.forLine();
          });
        });
      },
    });
    readline.on("line", (line) => this.#settle?.({ kind: "line", line }));
    readline.on("SIGINT", () => this.#interrupted(readline));
    // Ctrl-Z stops us; brought back by the shell that we were begun from, readline stands still until it is told.
    readline.on("SIGCONT", () => readline.resume());
    readline.on("history", (history: string[]) => {
      // The line that was added just now.
      if (history[0] !== undefined && !recallable(history[0])) history.shift();
      this.#history = history;
    });
    readline.on("close", () => {
      if (this.#interface !== readline) return;
      this.#interface = undefined;
      this.#output.write("\n");
      this.#settle?.({ kind: "end" });
    });
    keyboard.atEnd = () => readline.cursor === readline.line.length;
    this.#interface = readline;
    return readline;
  }

  /** Ctrl-C: what was typed stays to be seen, and a new line begins. */
  #interrupted(readline: Interface): void {
    const empty = readline.line === "";
    readline.write(null, { ctrl: true, name: "e" });
    this.#output.write("^C\n");
    if (empty) {
      this.#settle?.({ kind: "interrupt" });
      return;
    }
    this.#o.onCleared();
    const { rows } = readline.getCursorPos();
    // readline goes up as many rows as the old line had, to draw the new one.
    this.#output.write("\n".repeat(rows));
    readline.write(null, { ctrl: true, name: "u" });
    this.#o.keyboard.forLine();
  }

  /** The line that is being typed stands below afterwards, as it was. */
  #writeAbove(readline: Interface, text: string): void {
    const { rows } = readline.getCursorPos();
    moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    this.#output.write(text + "\n".repeat(rows));
    readline.prompt(true);
  }

  async #complete(readline: Interface, line: string): Promise<[string[], string]> {
    const { keyboard, complete, paint } = this.#o;
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), COMPLETION_TIME);
    keyboard.onInterruptedWait = () => stop.abort();
    try {
      const { replaced, replacement, choices } = await Promise.race([
        complete(line, stop.signal),
        aborted(stop.signal),
      ]);
      if (choices.length > 0) {
        this.#writeAbove(readline, choicesText(choices, { columns: this.#output.columns, paint }));
      }
      return replacement === replaced ? [[], replaced] : [[replacement], replaced];
    } finally {
      clearTimeout(late);
      keyboard.onInterruptedWait = undefined;
    }
  }
}

const NOTHING: Completion = { replaced: "", replacement: "", choices: [] };

function aborted(signal: AbortSignal): Promise<Completion> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(NOTHING), { once: true }));
}

/** Our terminal, as readline sees one. */
class EditorOutput extends Writable {
  readonly isTTY = true;
  readonly #terminal: Terminal;
  readonly #forget: () => void;

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.#forget = terminal.output.onResize(() => this.emit("resize"));
  }

  get columns(): number {
    return this.#terminal.output.columns ?? 80;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.#terminal.output.write(String(chunk));
    done();
  }

  close(): void {
    this.#forget();
  }
}

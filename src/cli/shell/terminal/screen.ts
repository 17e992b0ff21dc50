/** Everything that the shell writes goes through here, so that a line that is being typed is never torn. */
import type { Terminal } from "../../terminal.js";
import type { ShellOutput } from "../output.js";

const LF = 0x0a;

export class Screen implements ShellOutput {
  readonly #terminal: Terminal;
  #lineIsOpen = false;
  /** Who knows how to write a line above what is on the screen now: the line editor, or a progress display. */
  above: ((line: string) => void) | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get isTTY(): boolean {
    return this.#terminal.output.isTTY === true;
  }

  get columns(): number {
    return this.#terminal.output.columns ?? 80;
  }

  /** Output of a command in the foreground. */
  write(text: string | Uint8Array): Promise<void> {
    const last = text.at(-1);
    if (last !== undefined) this.#lineIsOpen = last !== "\n" && last !== LF;
    this.#terminal.output.write(text);
    return this.#terminal.output.drained();
  }

  /** A prompt would be written over a last line that has no end, as some files have. */
  finishLine(): void {
    if (this.#lineIsOpen) void this.write("\n");
  }

  /**
   * After a program that wrote past us: nobody knows whether it left a line without an end. As many spaces as a row has
   * fill the rest of that row and go on in the next; on an empty row the cursor waits at its end, and comes back.
   */
  beginLine(): void {
    if (this.isTTY) void this.write(`${" ".repeat(this.columns)}\r`);
    this.#lineIsOpen = false;
  }

  /** A line that comes by itself, such as the end of a job: on standard error, above what is being typed. */
  note(line: string): void {
    if (this.above === undefined) this.#terminal.errors.write(`${line}\n`);
    else this.above(line);
  }
}

/** The terminal for what writes lines to standard error whenever it likes: they come above what is being typed. */
export function screenTerminal(terminal: Terminal, screen: Screen): Terminal {
  const { errors } = terminal;
  return Object.create(terminal, {
    errors: {
      value: {
        isTTY: errors.isTTY,
        failed: errors.failed,
        drained: () => errors.drained(),
        onResize: (listener: () => void) => errors.onResize(listener),
        write: (text: string | Uint8Array) => screen.note(String(text).replace(/\n$/, "")),
      },
    },
  }) as Terminal;
}

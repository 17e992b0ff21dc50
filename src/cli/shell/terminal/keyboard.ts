/**
 * The keys of a person, for whoever they are meant: the line editor, as long as a line is being typed; the shell
 * itself, while a command runs (Ctrl-C, Ctrl-Z; the rest is kept for the next line); or a program that is lent the
 * terminal. The terminal is in raw mode all along, so that no key shows up in the middle of an output.
 */
import { PassThrough } from "node:stream";
import type { Terminal, TerminalInput } from "../../terminal.js";

const CTRL_C = 0x03;
const CTRL_Z = 0x1a;
const TAB = 0x09;
const ESCAPE = 0x1b;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DELETE = 0x7f;

/** Keys that are kept while a command runs; more than that is a cat on the keyboard. */
const MOST_AHEAD = 64 * 1024;

export interface CommandKeys {
  interrupt(): void;
  suspend(): void;
}

type Meant = "line" | "command" | "nobody";

export class Keyboard {
  /** What the line editor reads: it takes this for a terminal. */
  readonly line: PassThrough & { isTTY: true; setRawMode(raw: boolean): unknown };
  readonly #input: TerminalInput;
  #meant: Meant = "nobody";
  #ahead: number[] = [];
  #keys: CommandKeys = { interrupt() {}, suspend() {} };
  #ended = false;
  /** The last key that the editor got. */
  #last: number | undefined;
  /** Whether what is typed goes to the end of the line. */
  atEnd: () => boolean = () => true;
  /** Called for Ctrl-C while Tab waits for a server. */
  onInterruptedWait: (() => void) | undefined;

  constructor({ input }: Terminal) {
    this.#input = input;
    this.line = Object.assign(new PassThrough(), {
      isTTY: true as const,
      // The line editor leaves raw mode when it stops the process (Ctrl-Z), or ends.
      setRawMode: (raw: boolean) => input.setRawMode?.(raw),
    });
    this.#attach();
  }

  /** Whether the terminal is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** From now on keys are for the line editor, up to the end of a line. */
  forLine(): void {
    this.#input.setRawMode?.(true);
    this.#meant = "line";
    const ahead = Buffer.from(this.#ahead);
    this.#ahead = [];
    if (ahead.length > 0) this.#toLine(ahead);
    if (this.#ended) this.line.end();
  }

  /** From now on keys are for a command that runs. */
  forCommand(keys: CommandKeys): void {
    this.#meant = "command";
    this.#keys = keys;
  }

  forNobody(): void {
    this.#meant = "nobody";
  }

  /** Lets somebody else read the terminal, as it is usually set: a program, or a question for a password. */
  async lend<T>(work: () => T | Promise<T>): Promise<T> {
    this.#detach();
    this.#input.setRawMode?.(false);
    // A terminal stops being read in the turn after it is told to.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await work();
    } finally {
      this.#input.setRawMode?.(true);
      this.#attach();
    }
  }

  close(): void {
    this.#detach();
    this.#input.setRawMode?.(false);
    this.line.destroy();
  }

  #attach(): void {
    this.#input.on("data", this.#onData);
    this.#input.on("end", this.#onEnd);
    this.#input.on("error", this.#onEnd);
    this.#input.resume();
  }

  #detach(): void {
    this.#input.removeListener("data", this.#onData);
    this.#input.removeListener("end", this.#onEnd);
    this.#input.removeListener("error", this.#onEnd);
    this.#input.pause();
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const bytes = Buffer.from(chunk);
    if (this.#meant === "line") this.#toLine(bytes);
    else for (const byte of bytes) this.#key(byte);
  };

  /** The terminal is gone: somebody closed its window. */
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.line.end();
    this.#keys.interrupt();
  };

  /**
   * The editor gets one line, or the keys up to a Tab or a Ctrl-C; what follows, as in a text that was pasted, is for
   * later.
   */
  #toLine(bytes: Buffer): void {
    // What follows a Tab is for the line as it is then, which may have to be asked of a server.
    const end = bytes.findIndex(
      (byte, at) => byte === CR || byte === LF || byte === CTRL_C || (byte === TAB && this.#isTab(bytes, at)),
    );
    const now = bytes.subarray(0, end === -1 ? bytes.length : end + 1);
    this.#last = now.at(-1);
    if (end !== -1) {
      this.#meant = "nobody";
      for (const byte of bytes.subarray(end + 1)) this.#key(byte);
    }
    this.#write(now);
  }

  /**
   * readline takes what comes in one piece for a text that was pasted, and puts all but the last character of it at the
   * end of the line, wherever the cursor is: there it gets one key after the other.
   */
  #write(bytes: Buffer): void {
    const control = bytes.findIndex((byte) => byte < SPACE || byte === DELETE);
    const plain = this.atEnd() ? (control === -1 ? bytes.length : control) : 0;
    if (plain > 0) this.line.write(bytes.subarray(0, plain));
    for (const byte of bytes.subarray(plain)) this.line.write(Buffer.of(byte));
  }

  /** With Escape (Alt) before it, it completes nothing. */
  #isTab(bytes: Buffer, at: number): boolean {
    return (at === 0 ? this.#last : bytes[at - 1]) !== ESCAPE;
  }

  #key(byte: number): void {
    if (byte === CTRL_C && this.onInterruptedWait !== undefined) this.onInterruptedWait();
    else if (byte === CTRL_C && this.#meant === "command") {
      // As a terminal does, which forgets what was typed ahead.
      this.#ahead = [];
      this.#keys.interrupt();
    } else if (byte === CTRL_Z && this.#meant === "command") this.#keys.suspend();
    else if (this.#ahead.length < MOST_AHEAD) this.#ahead.push(byte);
  }
}

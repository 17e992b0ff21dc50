/** A password from whoever runs the command, typed without echo; a new one is typed twice, or read from standard input. */
import { MAX_PASSWORD_LENGTH } from "../accounts/password-length.js";
import { decodeText } from "../protocol/text.js";
import { failure, interrupted } from "./errors.js";
import type { Terminal } from "./terminal.js";
import { newPassword, ValueError } from "./values.js";

/** @throws CliError when it is empty, too long, typed differently, or when Ctrl-C is typed. */
export async function askNewPassword(name: string, terminal: Terminal): Promise<string> {
  if (terminal.input.isTTY !== true) return usable(await firstLine(terminal));
  const line = new HiddenLine(terminal);
  try {
    const password = usable(await line.read(`Password for ${name}: `));
    if ((await line.read("Again: ")) !== password) throw failure("the passwords differ: nothing was changed");
    return password;
  } finally {
    line.end();
  }
}

/** A password that somebody else knows already. Only where standard input is a terminal. @throws CliError */
export async function askPassword(question: string, terminal: Terminal): Promise<string> {
  const line = new HiddenLine(terminal);
  try {
    return await line.read(question);
  } finally {
    line.end();
  }
}

function usable(password: string): string {
  try {
    return newPassword(password);
  } catch (error) {
    if (error instanceof ValueError) throw failure(error.message);
    throw error;
  }
}

/** Without its line end, as `echo` and `pass` write one. No more is read than a password can have. */
async function firstLine({ input }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (bytes.includes(LF) || length > MAX_PASSWORD_LENGTH + 2) break;
  }
  const [line = ""] = decodeText(Buffer.concat(chunks)).split("\n", 1);
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

const LF = 0x0a;

/** Reads lines from a terminal in raw mode, which shows nothing of what is typed. */
class HiddenLine {
  readonly #terminal: Terminal;
  #typed: number[] = [];
  #settle: { resolve(line: string): void; reject(error: Error): void } | undefined;
  /** Typed ahead of the question. */
  #ahead: number[] = [];
  #question = "";
  #stopped = false;
  readonly #ignoreSuspend: () => void;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#ignoreSuspend = terminal.onSuspend({
      suspended: () => this.#suspended(),
      resumed: () => this.#resumed(),
    });
    const { input } = terminal;
    input.setRawMode?.(true);
    input.on("data", this.#onData);
    input.on("end", this.#onEnd);
    input.on("error", this.#onError);
    input.resume();
  }

  read(question: string): Promise<string> {
    this.#question = question;
    this.#terminal.errors.write(question);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#take();
    });
  }

  end(): void {
    const { input } = this.#terminal;
    this.#ignoreSuspend();
    input.setRawMode?.(false);
    // Not those of others: Node's own stop the reading of a terminal that is paused.
    input.removeListener("data", this.#onData);
    input.removeListener("end", this.#onEnd);
    input.removeListener("error", this.#onError);
    input.pause();
  }

  readonly #onData = (chunk: Buffer | string): void => {
    this.#ahead.push(...Buffer.from(chunk));
    this.#take();
  };

  readonly #onEnd = (): void => {
    this.#settle?.reject(failure("the input ended before a password was typed"));
  };

  readonly #onError = (error: Error): void => {
    this.#settle?.reject(failure("the terminal cannot be read", error));
  };

  #take(): void {
    while (this.#settle !== undefined) {
      const byte = this.#ahead.shift();
      if (byte === undefined) return;
      this.#key(byte, this.#settle);
    }
  }

  #key(byte: number, { resolve, reject }: { resolve(line: string): void; reject(error: Error): void }): void {
    switch (byte) {
      case 0x0d:
      case LF:
        resolve(this.#finish());
        break;
      case 0x03: // Ctrl-C; raw mode makes no signal of it
        this.#finish();
        reject(interrupted());
        break;
      case 0x04: // Ctrl-D
        this.#finish();
        reject(failure("no password was typed: nothing was done"));
        break;
      case 0x1a: // Ctrl-Z
        this.#terminal.suspend();
        break;
      case 0x08:
      case 0x7f:
        this.#eraseCharacter();
        break;
      case 0x15: // Ctrl-U
        this.#typed = [];
        break;
      default:
        if (this.#typed.length <= MAX_PASSWORD_LENGTH) this.#typed.push(byte);
    }
  }

  /** The shell finds its terminal as it was. */
  #suspended(): void {
    this.#stopped = true;
    this.#typed = [];
    this.#terminal.input.setRawMode?.(false);
    this.#terminal.errors.write("\n");
  }

  #resumed(): void {
    // Whoever changes the terminal from behind the shell's prompt is stopped again by the system.
    if (!this.#stopped || !this.#terminal.inForeground) return;
    this.#stopped = false;
    this.#terminal.input.setRawMode?.(true);
    this.#terminal.errors.write(`\r${this.#question}`);
  }

  #finish(): string {
    const line = decodeText(Buffer.from(this.#typed));
    this.#typed = [];
    this.#settle = undefined;
    this.#terminal.errors.write("\n");
    return line;
  }

  /** In UTF-8: continuation bytes and the byte before them. */
  #eraseCharacter(): void {
    let byte = this.#typed.pop();
    while (byte !== undefined && byte >= 0x80 && byte < 0xc0) byte = this.#typed.pop();
  }
}

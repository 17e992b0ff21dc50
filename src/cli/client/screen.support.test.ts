/**
 * The screen of a terminal for tests: it does what the escape sequences say, wraps what is too wide, and scrolls.
 * Knows only what ECMA-48 and every terminal have in common; anything else is an error.
 */
import type { TerminalOutput } from "../terminal.js";
import { displayWidth } from "../text-width.js";

const SEQUENCE = /^\u001b\[(\??[\d;]*)([A-Za-z])/;

export class Screen implements TerminalOutput {
  readonly isTTY = true;
  readonly failed: TerminalOutput["failed"] = new AbortController().signal;
  columns: number;
  rows: number;
  /** How often something was written. */
  writes = 0;
  /** All lines, those that have scrolled away first. */
  #lines: string[][] = [[]];
  /** Lines that have scrolled away: no cursor gets there any more. */
  #scrolled = 0;
  #row = 0;
  #column = 0;
  #wraps = true;
  readonly #onResize = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  onResize(listener: () => void): () => void {
    this.#onResize.add(listener);
    return () => void this.#onResize.delete(listener);
  }

  async drained(): Promise<void> {}

  get listeners(): number {
    return this.#onResize.size;
  }

  /** As xterm does it: what stands there is cut, not wrapped anew; the cursor's line stays on the screen. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.#column = Math.min(this.#column, columns - 1);
    const bottom = this.#scrolled + rows;
    if (this.#row >= bottom) this.#scrolled = this.#row - rows + 1;
    this.#lines.length = Math.min(this.#lines.length, this.#scrolled + rows);
    for (const listener of this.#onResize) listener();
  }

  write(chunk: string | Uint8Array): void {
    const text = String(chunk);
    this.writes++;
    for (let at = 0; at < text.length; ) {
      const [all, digits = "", command = ""] = SEQUENCE.exec(text.slice(at, at + 8)) ?? [];
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      if (all === undefined) this.#put(character);
      else this.#obey(command, digits);
      at += (all ?? character).length;
    }
    if (!this.#wraps) throw new Error("the terminal is left without wrapping");
  }

  /** What is seen, without spaces and lines at its end. */
  get shown(): string[] {
    return this.#text(this.#scrolled);
  }

  /** With what has scrolled away. */
  get all(): string[] {
    return this.#text(0);
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row - this.#scrolled, column: this.#column };
  }

  #text(from: number): string[] {
    const lines = this.#lines.slice(from).map((cells) => cells.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #obey(command: string, parameter: string): void {
    const line = this.#line();
    const sequence = parameter + command;
    if (command === "A") this.#row = Math.max(this.#scrolled, this.#row - Number(parameter || "1"));
    else if (sequence === "K") line.length = Math.min(line.length, this.#column);
    else if (command === "G") this.#column = Number(parameter || "1") - 1;
    else if (command === "C")
      this.#column = Math.min(this.columns - 1, this.#column + Number(parameter || "1"));
    else if (command === "D") this.#column = Math.max(0, this.#column - Number(parameter || "1"));
    // Colours.
    else if (command === "m") return;
    else if (sequence === "J" || sequence === "0J") {
      line.length = Math.min(line.length, this.#column);
      this.#lines.length = this.#row + 1;
    } else if (sequence === "?7l" || sequence === "?7h") this.#wraps = command === "h";
    else throw new Error(`unknown sequence CSI ${sequence}`);
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    // As a terminal does it with ONLCR, which is how programs find it.
    else if (character === "\n") this.#newLine();
    else if (/[\u0000-\u001f\u007f-\u009f]/.test(character))
      throw new Error("a control character was written");
    else {
      const width = displayWidth(character);
      if (this.#column + width > this.columns) {
        if (this.#wraps) this.#newLine();
        else this.#column = this.columns - width;
      }
      const line = this.#line();
      for (let n = line.length; n < this.#column; n++) line.push(" ");
      line[this.#column] = character;
      for (let n = 1; n < width; n++) line[this.#column + n] = "";
      this.#column += width;
    }
  }

  #newLine(): void {
    this.#column = 0;
    this.#row++;
    this.#line();
    if (this.#row - this.#scrolled >= this.rows) this.#scrolled = this.#row - this.rows + 1;
  }

  #line(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    return this.#lines[this.#row] ?? [];
  }
}

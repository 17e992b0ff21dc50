/** A line of the shell, cut into words and operators. Used by the parser and, on lines that are half typed, by Tab. */
import { withEscapes } from "../../client/patterns.js";
import { unescaped } from "./escapes.js";

/** Which quotes are open; "backslash": the line ends with one. */
export type Quotes = "none" | "single" | "double" | "ansi" | "backslash";

export interface Word {
  readonly kind: "word";
  /** What it means, without quotes and backslashes. */
  readonly text: string;
  /** As it was typed. */
  readonly raw: string;
  /** As `client/patterns.ts` takes it, with what was quoted escaped; undefined when nothing unquoted is a pattern. */
  readonly pattern: string | undefined;
  /** Whether it begins with an unquoted `~`, alone or before a slash: the home directory. */
  readonly tilde: boolean;
  /** Where in the line it stands. */
  readonly start: number;
  readonly end: number;
}

export type Operator = ";" | "&" | "&&" | "||";

export type Token =
  | Word
  | { readonly kind: "operator"; readonly operator: Operator; readonly start: number; readonly end: number }
  /** `>` and `>>`; the word that follows is a file here. */
  | { readonly kind: "redirect"; readonly append: boolean; readonly start: number; readonly end: number }
  /** `| less`: what follows is a line of the local shell. */
  | { readonly kind: "pipe"; readonly text: string; readonly start: number; readonly end: number }
  /** `!ls -l`: the rest of the line is one of the local shell. */
  | { readonly kind: "local"; readonly text: string; readonly start: number; readonly end: number };

export interface Scanned {
  readonly tokens: readonly Token[];
  /** What the line ends inside of. */
  readonly open: Quotes;
}

/** Never throws: what is wrong with a line is the parser's to say. */
export function scan(line: string): Scanned {
  return new Scanner(line).scan();
}

const SPACE = /\s/;

class Scanner {
  readonly #line: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #open: Quotes = "none";

  constructor(line: string) {
    this.#line = line;
  }

  scan(): Scanned {
    while (this.#at < this.#line.length) this.#next();
    return { tokens: this.#tokens, open: this.#open };
  }

  #next(): void {
    const character = this.#line[this.#at] ?? "";
    if (SPACE.test(character)) this.#at++;
    else if (character === "#") this.#at = this.#line.length;
    else if (character === "!" && this.#atCommand) this.#local();
    else if (this.#line.startsWith("&&", this.#at)) this.#operator("&&");
    else if (this.#line.startsWith("||", this.#at)) this.#operator("||");
    else if (character === ";" || character === "&") this.#operator(character);
    else if (character === "|") this.#pipe();
    else if (character === ">") this.#redirect();
    else this.#word();
  }

  /** Whether a command begins here. */
  get #atCommand(): boolean {
    const last = this.#tokens.at(-1);
    return last === undefined || last.kind === "operator";
  }

  #operator(operator: Operator): void {
    const start = this.#at;
    this.#at += operator.length;
    this.#tokens.push({ kind: "operator", operator, start, end: this.#at });
  }

  #redirect(): void {
    const start = this.#at;
    const append = this.#line.startsWith(">>", start);
    this.#at += append ? 2 : 1;
    this.#tokens.push({ kind: "redirect", append, start, end: this.#at });
  }

  #local(): void {
    const start = this.#at;
    this.#at = this.#line.length;
    this.#tokens.push({ kind: "local", text: this.#line.slice(start + 1).trim(), start, end: this.#at });
  }

  /** The local shell's own quotes are respected; `|` and `&` inside of its line are its own too. */
  #pipe(): void {
    const start = this.#at;
    const rest = this.#line.slice(start + 1);
    const [text = ""] =
      /^(?:'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|\\[\s\S]?|(?!&&|\|\||;|&\s*$)[\s\S])*/.exec(rest) ?? [];
    this.#at = start + 1 + text.length;
    this.#tokens.push({ kind: "pipe", text: text.trim(), start, end: this.#at });
  }

  #word(): void {
    const word = new WordBuilder(this.#at);
    while (this.#at < this.#line.length && this.#open === "none") {
      const character = this.#line[this.#at] ?? "";
      if (SPACE.test(character) || /[;&|>]/.test(character)) break;
      this.#part(word, character);
    }
    this.#tokens.push(word.built(this.#at, this.#line));
  }

  #part(word: WordBuilder, character: string): void {
    if (character === "'") this.#quoted(word, 1, "single", /[^']*/y);
    else if (character === '"') this.#quoted(word, 1, "double", /(?:\\[\s\S]|[^"\\])*/y);
    else if (this.#line.startsWith("$'", this.#at)) this.#quoted(word, 2, "ansi", /(?:\\[\s\S]|[^'\\])*/y);
    else if (character === "\\") this.#escaped(word);
    else {
      word.add(character, "bare");
      this.#at++;
    }
  }

  #escaped(word: WordBuilder): void {
    const next = this.#line.codePointAt(this.#at + 1);
    if (next === undefined) {
      this.#open = "backslash";
      this.#at++;
      return;
    }
    const character = String.fromCodePoint(next);
    word.add(character, "quoted");
    this.#at += 1 + character.length;
  }

  /** From the opening quote to the closing one, or to the end of the line. */
  #quoted(word: WordBuilder, opening: number, quotes: "single" | "double" | "ansi", inside: RegExp): void {
    inside.lastIndex = this.#at + opening;
    const [found = ""] = inside.exec(this.#line) ?? [];
    word.add(MEANINGS[quotes](found), "quoted");
    this.#at += opening + found.length;
    // A lone backslash before the end, inside of quotes.
    if (this.#at < this.#line.length && this.#line[this.#at] === "\\") this.#at++;
    if (this.#at >= this.#line.length) this.#open = quotes;
    else this.#at++;
  }
}

const MEANINGS: Readonly<Record<"single" | "double" | "ansi", (inside: string) => string>> = {
  single: (inside) => inside,
  // As in sh, a backslash before anything else stands for itself.
  double: (inside) => inside.replace(/\\(["\\])/g, "$1"),
  ansi: unescaped,
};

class WordBuilder {
  readonly #start: number;
  #text = "";
  #pattern = "";
  #isPattern = false;

  constructor(start: number) {
    this.#start = start;
  }

  add(text: string, how: "bare" | "quoted"): void {
    this.#text += text;
    if (how === "bare") {
      this.#pattern += text;
      if (/[*?[{]/.test(text)) this.#isPattern = true;
    } else this.#pattern += withEscapes(text);
  }

  built(end: number, line: string): Word {
    const raw = line.slice(this.#start, end);
    return {
      kind: "word",
      text: this.#text,
      raw,
      pattern: this.#isPattern ? this.#pattern : undefined,
      tilde: raw === "~" || raw.startsWith("~/"),
      start: this.#start,
      end,
    };
  }
}

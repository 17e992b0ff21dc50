/**
 * Lines of the shell: commands with `;`, `&&`, `||` and `&` between them, `> FILE`, `| local shell line`, and
 * `!local shell line`.
 */
import { scan, type Token, type Word } from "./tokens.js";

/** What cannot be understood; the message is for the person who typed it. */
export class ShellSyntaxError extends Error {
  override readonly name = "ShellSyntaxError";
}

/** Where a command's output goes instead of the terminal. */
export type Redirection =
  | { readonly kind: "file"; readonly path: Word; readonly append: boolean }
  | { readonly kind: "pipe"; readonly command: string };

export type ParsedCommand =
  | { readonly kind: "command"; readonly words: readonly [Word, ...Word[]]; readonly output?: Redirection }
  | { readonly kind: "local"; readonly command: string };

export interface Step {
  /** Which ending of the step before lets this one run. */
  readonly after: "any" | "success" | "failure";
  readonly command: ParsedCommand;
}

/** Steps that belong together: in the foreground, or as one job in the background. */
export interface Statement {
  readonly steps: readonly Step[];
  readonly background: boolean;
  /** As it was typed. */
  readonly text: string;
}

/** @throws ShellSyntaxError */
export function parseLine(line: string): Statement[] {
  const { tokens, open } = scan(line);
  if (open === "backslash")
    throw new ShellSyntaxError("the line ends with a backslash: there is nothing to quote");
  if (open !== "none") throw new ShellSyntaxError(`a ${QUOTE_NAMES[open]} is not closed`);
  return new Parser(line, tokens).statements();
}

const QUOTE_NAMES = { single: "quote '", double: 'quote "', ansi: "quote $'" } as const;

class Parser {
  readonly #line: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(line: string, tokens: readonly Token[]) {
    this.#line = line;
    this.#tokens = tokens;
  }

  statements(): Statement[] {
    const found: Statement[] = [];
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at];
      if (token?.kind === "operator" && token.operator === ";") this.#at++;
      else found.push(this.#statement());
    }
    return found;
  }

  #statement(): Statement {
    const start = this.#tokens[this.#at]?.start ?? 0;
    const steps: Step[] = [{ after: "any", command: this.#command("the line") }];
    let background = false;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== "operator") break;
      if (token.operator === "&&" || token.operator === "||") {
        this.#at++;
        const after = token.operator === "&&" ? "success" : "failure";
        steps.push({ after, command: this.#command(token.operator) });
      } else {
        background = token.operator === "&";
        this.#at++;
        break;
      }
    }
    const end = this.#tokens[this.#at - 1]?.end ?? start;
    const text = this.#line.slice(start, end).replace(/\s*[;&]$/, "");
    return { steps, background, text };
  }

  /** `after`: what stands before it, for the message when nothing follows. */
  #command(after: string): ParsedCommand {
    const words: Word[] = [];
    let output: Redirection | undefined;
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === "operator") break;
      this.#at++;
      if (token.kind === "local") return localCommand(token.text);
      if (token.kind === "word") words.push(token);
      else if (output !== undefined) throw new ShellSyntaxError("output can go to one place only");
      else output = token.kind === "pipe" ? pipe(token.text) : this.#file(token.append);
    }
    const [name, ...rest] = words;
    if (name === undefined) throw new ShellSyntaxError(this.#nothing(after));
    return { kind: "command", words: [name, ...rest], ...(output === undefined ? {} : { output }) };
  }

  #file(append: boolean): Redirection {
    const path = this.#tokens[this.#at];
    if (path?.kind !== "word") throw new ShellSyntaxError(`a file is to follow ${append ? ">>" : ">"}`);
    this.#at++;
    return { kind: "file", path, append };
  }

  #nothing(after: string): string {
    const token = this.#tokens[this.#at];
    if (token?.kind === "operator" && after === "the line")
      return `a command is to stand before ${token.operator}`;
    return after === "the line" ? "there is no command" : `a command is to follow ${after}`;
  }
}

function pipe(command: string): Redirection {
  if (command === "") throw new ShellSyntaxError("a command of this machine is to follow |");
  return { kind: "pipe", command };
}

function localCommand(command: string): ParsedCommand {
  return { kind: "local", command };
}

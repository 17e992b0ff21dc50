/** Reads TypeScript source as far as the architecture test needs it: comments, strings and imports. */

export interface Import {
  /** As written. Undefined when it is not one string, so that nobody can tell what it loads. */
  readonly specifier: string | undefined;
  readonly line: number;
}

export interface SourceText {
  /** Comments, and the contents of strings and regular expressions, are blank; all else is in its place. */
  readonly code: string;
  readonly imports: readonly Import[];
  lineAt(position: number): number;
}

/** After one of these a `/` begins a regular expression, not a division. */
const BEFORE_REGULAR_EXPRESSION =
  /(?:^|[=(,:;[!&|?{}+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield|void))\s*$/;

export function readSource(text: string): SourceText {
  const code = blank(text);
  const lineAt = (position: number) => code.slice(0, position).split("\n").length;
  return { code, imports: findImports(text, code, lineAt), lineAt };
}

/** `code` has quotes where the strings were: what stands between them in `text` is the specifier. */
function findImports(text: string, code: string, lineAt: (position: number) => number): Import[] {
  const quoted = (at: number) => {
    const quote = text[at];
    if (quote !== '"' && quote !== "'") return undefined;
    return text.slice(at + 1, text.indexOf(quote, at + 1));
  };
  const forms = [
    // import "x"; import a, { b } from "x"; import type { c } from "x"; export * from "x"
    /(?<![.\w$])(?:import|export)(?:\s*(?=["'])|\s+[\w$*{][^;"'()=]*?\bfrom\s*(?=["']))/dg,
    // import("x") as an expression or as a type, require("x"), import a = require("x")
    /(?<![.\w$])(?:import|require|import\.meta\.resolve)\(\s*/dg,
  ];
  return forms
    .flatMap((form) => [...code.matchAll(form)])
    .map((match) => ({
      specifier: quoted(match.index + match[0].length),
      line: lineAt(match.index),
    }))
    .sort((a, b) => a.line - b.line);
}

/** The same text with spaces for comments and for what strings and regular expressions hold. */
function blank(text: string): string {
  let code = "";
  /** For each template that we are inside of: the depth of braces at its `${`. */
  const templates: number[] = [];
  let depth = 0;

  const keep = (length: number) => {
    code += text.slice(code.length, code.length + length);
  };
  const erase = (end: number) => {
    code += text.slice(code.length, end).replace(/[^\n]/g, " ");
  };
  const eraseTemplate = () => {
    const end = endOf(text, code.length, (at) => text[at] === "`" || text.startsWith("${", at));
    erase(end);
    if (text[end] === "$") {
      keep(2);
      templates.push(depth);
    } else {
      keep(1);
    }
  };

  while (code.length < text.length) {
    const at = code.length;
    const character = text[at] ?? "";
    if (text.startsWith("//", at)) {
      erase(endOf(text, at, (i) => text[i] === "\n"));
    } else if (text.startsWith("/*", at)) {
      erase(text.indexOf("*/", at) + 2);
    } else if (character === '"' || character === "'") {
      keep(1);
      erase(endOf(text, at + 1, (i) => text[i] === character));
      keep(1);
    } else if (character === "`") {
      keep(1);
      eraseTemplate();
    } else if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      keep(1);
      eraseTemplate();
    } else if (character === "/" && BEFORE_REGULAR_EXPRESSION.test(code.slice(-80))) {
      keep(1);
      erase(endOfRegularExpression(text, at + 1));
      keep(1);
    } else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      keep(1);
    }
  }
  return code;
}

/** The first position from `start` on where `stops` holds, past what a backslash escapes. */
function endOf(text: string, start: number, stops: (at: number) => boolean): number {
  let at = start;
  while (at < text.length && !stops(at)) at += text[at] === "\\" ? 2 : 1;
  return Math.min(at, text.length);
}

function endOfRegularExpression(text: string, start: number): number {
  let inClass = false;
  return endOf(text, start, (at) => {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    return (text[at] === "/" && !inClass) || text[at] === "\n";
  });
}

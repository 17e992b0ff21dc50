/**
 * Patterns of remote names: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any number of folders. A backslash takes the
 * meaning from the character behind it.
 */

/** Whether anything in it means more than itself. */
export function hasPattern(text: string): boolean {
  return /^(?:[^\\*?[{]|\\.)*[*?[{]/s.test(text);
}

/** What a text without patterns names. A backslash before anything else is one. */
export function withoutEscapes(text: string): string {
  return text.replace(/\\([*?[\]{}\\])/g, "$1");
}

/** As a pattern that matches nothing but the text. */
export function withEscapes(text: string): string {
  return text.replace(/[*?[\]{}\\]/g, "\\$&");
}

/** More alternatives are refused: `{a,b}` twenty times would be a million. */
export const MOST_ALTERNATIVES = 1000;

/**
 * `a{b,c}` as `ab` and `ac`, in order; braces without a comma between them stay as they are, as in bash.
 * Undefined when there are more than {@link MOST_ALTERNATIVES}.
 */
export function alternativesOf(pattern: string): readonly string[] | undefined {
  let done: string[] = [""];
  let rest = pattern;
  while (rest !== "") {
    const brace = firstBrace(rest);
    if (brace === undefined) return done.map((head) => head + rest);
    const { before, parts, after } = brace;
    const inner: string[] = [];
    for (const part of parts) {
      const alternatives = alternativesOf(part);
      if (alternatives === undefined) return undefined;
      inner.push(...alternatives);
    }
    if (done.length * inner.length > MOST_ALTERNATIVES) return undefined;
    done = done.flatMap((head) => inner.map((part) => head + before + part));
    rest = after;
  }
  return done;
}

interface Brace {
  readonly before: string;
  readonly parts: readonly string[];
  readonly after: string;
}

/** The first pair of braces with a comma between them. Linear but for braces that are never closed. */
function firstBrace(text: string): Brace | undefined {
  for (let open = text.indexOf("{"); open !== -1; open = text.indexOf("{", open + 1)) {
    if (isEscaped(text, open)) continue;
    const found = braceAt(text, open);
    if (found !== undefined) return found;
  }
  return undefined;
}

function braceAt(text: string, open: number): Brace | undefined {
  const commas: number[] = [];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "," && depth === 1) commas.push(at);
    else if (character === "}" && --depth === 0) {
      if (commas.length === 0) return undefined;
      const ends = [...commas, at];
      const parts = ends.map((end, n) => text.slice((n === 0 ? open : (ends[n - 1] as number)) + 1, end));
      return { before: text.slice(0, open), parts, after: text.slice(at + 1) };
    }
  }
  return undefined;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

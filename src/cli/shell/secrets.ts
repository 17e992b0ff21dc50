/** Lines that are not kept in the history. */
import type { CommandBook } from "./declaration.js";
import { scan } from "./line/tokens.js";

/** `ftp://anna:secret@host`; a password in quotes may have spaces in it. */
const URL_WITH_PASSWORD = /:\/\/[^\s/:@]*:.*@/;

export interface KnownCommands {
  readonly commands: CommandBook;
  readonly aliases?: ReadonlyMap<string, string>;
}

/** Whether a line holds a password, or may. As in bash, a space before it keeps it out too. */
export function isPrivate(line: string, known: KnownCommands): boolean {
  return /^\s/.test(line) || holdsSecret(line, known, []);
}

/** `followed`: aliases on the way here. */
function holdsSecret(line: string, known: KnownCommands, followed: readonly string[]): boolean {
  if (URL_WITH_PASSWORD.test(line)) return true;
  const { tokens } = scan(line);
  let words: string[] = [];
  for (const token of [...tokens, END]) {
    if (token.kind === "word") words.push(token.text);
    else if (token.kind === "operator") {
      if (isSecret(words, known, followed)) return true;
      words = [];
    }
  }
  return false;
}

const END = { kind: "operator" } as const;

/** Also of a command behind another one, as in `queue user anna secret`, and of what an alias stands for. */
function isSecret(
  [name = "", ...rest]: readonly string[],
  known: KnownCommands,
  followed: readonly string[],
): boolean {
  const alias = followed.includes(name) ? undefined : known.aliases?.get(name);
  if (alias !== undefined) {
    const { tokens } = scan(alias);
    const first = tokens.findLastIndex(({ kind }) => kind === "operator") + 1;
    const last = tokens.slice(first).flatMap((token) => (token.kind === "word" ? [token.text] : []));
    return isSecret([...last, ...rest], known, [...followed, name]);
  }
  const command = known.commands.find(name);
  if (command?.secret?.(rest) === true) return true;
  const inner = command?.inner?.(rest) ?? [];
  // A line in quotes.
  if (inner.length === 1) return holdsSecret(inner[0] ?? "", known, followed);
  return inner.length > 0 && isSecret(inner, known, followed);
}

/** Lines that are not kept in the history. */
import type { CommandBook } from "./declaration.js";
import { scan } from "./line/tokens.js";

/** `ftp://anna:secret@host` */
const URL_WITH_PASSWORD = /:\/\/[^\s/:@]*:[^\s]*@/;

/** Whether a line holds a password, or may. As in bash, a space before it keeps it out too. */
export function isPrivate(line: string, commands: CommandBook): boolean {
  if (/^\s/.test(line) || URL_WITH_PASSWORD.test(line)) return true;
  const { tokens } = scan(line);
  let words: string[] = [];
  for (const token of [...tokens, END]) {
    if (token.kind === "word") words.push(token.text);
    else if (token.kind === "operator") {
      if (holdsSecret(words, commands)) return true;
      words = [];
    }
  }
  return false;
}

const END = { kind: "operator" } as const;

/** Also of a command behind another one, as in `queue user anna secret`. */
function holdsSecret([name = "", ...rest]: readonly string[], commands: CommandBook): boolean {
  const command = commands.find(name);
  if (command?.secret?.(rest) === true) return true;
  const inner = command?.inner?.(rest);
  return inner !== undefined && inner.length > 0 && holdsSecret(inner, commands);
}

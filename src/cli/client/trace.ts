/** `--trace`: the conversation with the server on standard error. */
import type { TraceLine } from "../../client/options.js";
import { escapeHostile } from "../../protocol/text.js";
import type { Terminal } from "../terminal.js";

/** The client masks what we send; a server may repeat a secret in what it answers. */
export function traceTo(
  terminal: Terminal,
  secrets: readonly (string | undefined)[],
): (line: TraceLine) => void {
  const hide = (text: string): string =>
    secrets.reduce<string>((shown, secret) => (secret ? shown.replaceAll(secret, "****") : shown), text);
  return (line) => {
    for (const text of linesOf(line)) terminal.errors.write(`${escapeHostile(hide(text))}\n`);
  };
}

function linesOf(line: TraceLine): string[] {
  switch (line.kind) {
    case "command":
      return [`> ${line.text}`];
    case "note":
      return [`* ${line.text}`];
    case "reply": {
      const { code, lines } = line.reply;
      return lines.map((text, n) => `< ${code}${n < lines.length - 1 ? "-" : " "}${text}`);
    }
  }
}

/** `--trace`: the conversation with the server on standard error. */
import type { TraceLine } from "../../client/options.js";
import { escapeHostile } from "../../protocol/text.js";
import type { Terminal } from "../terminal.js";

/** The client has masked passwords, those that the server repeats too. */
export function traceTo(terminal: Terminal): (line: TraceLine) => void {
  return (line) => {
    for (const text of linesOf(line)) terminal.errors.write(`${escapeHostile(text)}\n`);
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

/** What commands that change something on a server tell of it. */
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";

export interface Action {
  readonly action: "remove" | "remove-directory" | "make-directory" | "rename";
  readonly path: string;
  /** Of a rename. */
  readonly to?: string;
}

/** One object with `--json`; nothing for people, who see that it went well. */
export function tellDone(action: Action, terminal: Terminal, { json }: { readonly json?: boolean }): void {
  if (json === true) terminal.output.write(jsonLine(action));
}

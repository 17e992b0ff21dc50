/** The terminal as one command's output is: a file and a pipe have no colours. */
import type { Terminal } from "../../terminal.js";
import type { ShellOutput } from "../output.js";

export function outputTerminal(terminal: Terminal, out: ShellOutput): Terminal {
  const { output } = terminal;
  return Object.create(terminal, {
    output: {
      value: {
        isTTY: out.isTTY,
        columns: out.columns,
        failed: output.failed,
        drained: async () => {},
        onResize: () => () => {},
        write: (text: string | Uint8Array) => void out.write(text),
      },
    },
  }) as Terminal;
}

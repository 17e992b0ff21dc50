/** The terminal as one command sees it: its output may be a file or a pipe, which have no colours. */
import type { Terminal } from "../../terminal.js";
import type { ShellOutput } from "../output.js";

export function outputTerminal(terminal: Terminal, out: ShellOutput): Terminal {
  const { failed } = terminal.output;
  let writing: void | Promise<void>;
  return Object.create(terminal, {
    output: {
      value: {
        isTTY: out.isTTY,
        columns: out.columns,
        failed,
        drained: async () => await writing,
        onResize: () => () => {},
        write: (text: string | Uint8Array) => {
          writing = out.write(text);
          // Whoever waits for it is told.
          writing?.catch(() => {});
        },
      },
    },
  }) as Terminal;
}

/** Standard output as the target of a download. */
import { Buffer } from "node:buffer";
import { entry } from "../../client/transfer/sinks.js";
import type { WriteHandle } from "../../storage/storage.js";
import type { TerminalOutput } from "../terminal.js";

/** Nothing of it is taken back when the download fails. */
export function outputSink(output: TerminalOutput): WriteHandle {
  let bytes = 0;
  return {
    start: 0,
    write(chunk) {
      bytes += chunk.length;
      // A stream keeps what it is given, and the chunk is only lent.
      output.write(Buffer.from(chunk));
      return output.drained();
    },
    async commit() {
      await output.drained();
      return entry(bytes);
    },
    async abandon() {
      return { kept: bytes };
    },
  };
}

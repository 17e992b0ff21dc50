/** Work that Ctrl-C ends, or a reader who has gone. */
import { setMaxListeners } from "node:events";
import { interrupted, OutputError, ReaderGone, systemCode } from "./errors.js";
import type { Terminal } from "./terminal.js";

/**
 * Does some work that ends soon, and keeps what it can, when its signal aborts: at SIGINT, SIGTERM and SIGHUP, and
 * when standard output cannot be written any more. A second signal does not wait for it, and the
 * first one not for ever: a question on the terminal knows nothing of SIGTERM.
 * @throws CliError with exit code 130 after a signal, ReaderGone, CliError when the output failed; what `work` throws
 */
export async function interruptible<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  // Every session of `-P 16` listens: Node would tell the user of a leak from the eleventh on.
  setMaxListeners(0, stop.signal);
  let ignoreSignals = (): void => {};
  let patience: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    ignoreSignals = terminal.onSignals(() => {
      if (stop.signal.aborted) reject(interrupted());
      else stop.abort(interrupted());
    });
    stop.signal.addEventListener("abort", () => {
      patience = setTimeout(() => reject(stop.signal.reason), PATIENCE);
    });
  });
  const { failed } = terminal.output;
  const onFailed = (): void => stop.abort(outputFailure(failed.reason));
  if (failed.aborted) onFailed();
  failed.addEventListener("abort", onFailed, { once: true });
  try {
    return await Promise.race([work(stop.signal), tooLate]);
  } catch (error) {
    // Whatever failed then did so because of it.
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    ignoreSignals();
    clearTimeout(patience);
    failed.removeEventListener("abort", onFailed);
  }
}

/** Milliseconds. */
const PATIENCE = 10_000;

/** Why the output cannot be written any more, for whoever ends because of it. */
export function outputFailure(error: unknown): Error {
  return systemCode(error) === "EPIPE" ? new ReaderGone() : new OutputError(error);
}

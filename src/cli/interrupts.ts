/** Work that Ctrl-C ends, or a reader who has gone. */
import { failure, interrupted, ReaderGone, systemCode, systemReason } from "./errors.js";
import type { Terminal } from "./terminal.js";

/**
 * Does some work that ends soon, and keeps what it can, when its signal aborts: at SIGINT, SIGTERM and SIGHUP, and
 * when standard output cannot be written any more. A second signal does not wait for it.
 * @throws CliError with exit code 130 after a signal, ReaderGone, CliError when the output failed; what `work` throws
 */
export async function interruptible<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let ignoreSignals = (): void => {};
  const again = new Promise<never>((_, reject) => {
    ignoreSignals = terminal.onSignals(() => {
      if (stop.signal.aborted) reject(interrupted());
      else stop.abort(interrupted());
    });
  });
  const { failed } = terminal.output;
  const onFailed = (): void => stop.abort(outputFailure(failed.reason));
  if (failed.aborted) onFailed();
  failed.addEventListener("abort", onFailed, { once: true });
  try {
    return await Promise.race([work(stop.signal), again]);
  } catch (error) {
    // Whatever failed then did so because of it.
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    ignoreSignals();
    failed.removeEventListener("abort", onFailed);
  }
}

function outputFailure(error: unknown): Error {
  if (systemCode(error) === "EPIPE") return new ReaderGone();
  return failure(`cannot write to standard output: ${systemReason(error)}`, error);
}

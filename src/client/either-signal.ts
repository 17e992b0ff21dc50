/** Work that ends with either of two signals. */
import { type AbortLike, Stop } from "../connection/stop.js";

/**
 * Not `AbortSignal.any`: of every such signal Node.js 20 and 22 keep something for as long as the longer-lived one is
 * there, and a program may well use one signal for all of its calls.
 */
export async function withEither<T>(
  one: AbortLike | undefined,
  other: AbortLike,
  work: (signal: AbortLike) => Promise<T>,
): Promise<T> {
  if (one === undefined) return await work(other);
  const either = new Stop();
  const sources = [one, other];
  const onAbort = (): void => either.abort(sources.find(({ aborted }) => aborted)?.reason);
  for (const signal of sources) signal.addEventListener("abort", onAbort, { once: true });
  if (one.aborted || other.aborted) onAbort();
  try {
    return await work(either);
  } finally {
    for (const signal of sources) signal.removeEventListener("abort", onAbort);
  }
}

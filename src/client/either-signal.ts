/** Work that ends with either of two signals. */

/**
 * Not `AbortSignal.any`: of every such signal Node.js 20 and 22 keep something for as long as the longer-lived one is
 * there, and a program may well use one signal for all of its calls.
 */
export async function withEither<T>(
  one: AbortSignal | undefined,
  other: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (one === undefined) return await work(other);
  const either = new AbortController();
  const sources = [one, other];
  const onAbort = (): void => either.abort(sources.find(({ aborted }) => aborted)?.reason);
  for (const signal of sources) signal.addEventListener("abort", onAbort, { once: true });
  if (one.aborted || other.aborted) onAbort();
  try {
    return await work(either.signal);
  } finally {
    for (const signal of sources) signal.removeEventListener("abort", onAbort);
  }
}

/** Waits that end. */
import type { Reply } from "../protocol/reply.js";

export const DEFAULT_TIMEOUT = 10_000;

export interface Wait {
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export type RawClientReason = "timeout" | "closed" | "aborted" | "unexpected-reply";

export class RawClientError extends Error {
  override readonly name = "RawClientError";
  readonly code = "ERR_FERRY_RAW_CLIENT";
  readonly reason: RawClientReason;
  /** The reply that was not expected. */
  readonly reply: Reply<number> | undefined;

  constructor(
    reason: RawClientReason,
    message: string,
    { reply, ...options }: { readonly cause?: unknown; readonly reply?: Reply<number> } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.reply = reply;
  }
}

/** @throws RawClientError "timeout" or "aborted"; what `work` throws. */
export async function within<T>(work: Promise<T>, wait: Wait, what: string): Promise<T> {
  const { signal, timeout = DEFAULT_TIMEOUT } = wait;
  let giveUp: () => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(new RawClientError("aborted", what, { cause: signal?.reason }));
    timer = setTimeout(() => reject(new RawClientError("timeout", `${what} in ${timeout} ms`)), timeout);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

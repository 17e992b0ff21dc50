/**
 * One deadline per phase, cleared when the phase ends however it ends.
 *
 * These timers keep the process alive (no `unref`): somebody waits for the answer. Timers that only watch, such
 * as sweeps of idle things, are the ones to unref.
 */
import type { AbortLike } from "./stop.js";

/** The longest that setTimeout can wait; more would fire at once. About 24 days count as no limit. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * What `work` gives, or an error of `makeError` when that takes more than `timeout` milliseconds (Infinity for
 * no limit). The work itself is not stopped; when it fails later, that is ignored.
 */
export function withDeadline<T>(
  work: Promise<T> | (() => T | Promise<T>),
  timeout: number,
  makeError: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = startTimer(timeout, () => reject(makeError()));
    const begun = typeof work === "function" ? begin(work) : work;
    begun.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

async function begin<T>(work: () => T | Promise<T>): Promise<T> {
  return await work();
}

export interface Waiting {
  readonly signal: AbortLike;
  /** Milliseconds; Infinity for no limit. */
  readonly timeout: number;
  readonly timedOut: () => Error;
  readonly aborted: () => Error;
}

/**
 * Waits for something that calls back: `begin` starts it and returns what gives it up again, which is called
 * when the signal or the deadline comes first. Whatever comes first settles it; the rest is ignored.
 */
export function waitFor<T>(
  o: Waiting,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
): Promise<T> {
  if (o.signal.aborted) return Promise.reject(o.aborted());
  return new Promise<T>((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      o.signal.removeEventListener("abort", onAbort);
    };
    const giveUpWith = (error: Error) => {
      done();
      giveUp();
      reject(error);
    };
    const onAbort = () => giveUpWith(o.aborted());
    const timer = startTimer(o.timeout, () => giveUpWith(o.timedOut()));
    o.signal.addEventListener("abort", onAbort, { once: true });
    const fail = (error: Error) => {
      done();
      reject(error);
    };
    let giveUp = () => {};
    try {
      giveUp = begin((value) => {
        done();
        resolve(value);
      }, fail);
    } catch (error) {
      fail(error as Error);
    }
  });
}

function startTimer(timeout: number, expired: () => void): NodeJS.Timeout | undefined {
  return timeout > LONGEST_TIMEOUT ? undefined : setTimeout(expired, timeout);
}

/** Bounded parallel work that may find more work. */

/**
 * Does every item, and those that `work` adds, so many at once at most; the last one added first, so that few
 * wait. After an error nothing more is begun; it is thrown when all that ran has ended.
 */
export function workOff<Item>(
  items: readonly Item[],
  most: () => number,
  work: (item: Item, add: (item: Item) => void) => Promise<void>,
): Promise<void> {
  const waiting = items.toReversed();
  const add = (item: Item): void => {
    waiting.push(item);
  };
  let running = 0;
  let failure: { readonly error: unknown } | undefined;
  return new Promise((resolve, reject) => {
    const next = (): void => {
      while (failure === undefined && running < Math.max(1, most())) {
        const item = waiting.pop();
        if (item === undefined) break;
        running++;
        work(item, add).then(ended, (error) => {
          failure ??= { error };
          ended();
        });
      }
      if (running > 0) return;
      if (failure === undefined) resolve();
      else reject(failure.error);
    };
    const ended = (): void => {
      running--;
      next();
    };
    next();
  });
}

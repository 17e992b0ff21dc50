/** Write handles whose bytes are paid for before they are written; see quota.ts. */
import type { Allowance, Use } from "./allowance.js";
import { forwardWrites } from "./forward.js";
import type { WriteHandle } from "./storage.js";

export interface Metering {
  readonly allowed: Allowance;
  /**
   * In place, `paid` is the size that the file has; else it is what was continued of a part, and an entry was
   * reserved unless a visible file stands at that pathname already.
   */
  readonly target:
    | { readonly kind: "in-place"; readonly paid: number }
    | {
        readonly kind: "new-content";
        readonly paid: number;
        readonly entryReserved: boolean;
        /** Bytes of the file that a commit now would replace; undefined when there is none. */
        readonly replaced: () => Promise<number | undefined>;
      };
}

export function meteredWrites<Handle extends WriteHandle>(
  handle: Handle,
  { allowed, target }: Metering,
): Handle {
  let position = handle.start;
  /** Bytes from the start of the file that are reserved. */
  let paid = target.paid;
  let state: "open" | "ended" = "open";

  /** Pays for `length` more bytes, then lets them be written. */
  const pay = (length: number, write: () => void | Promise<void>): void | Promise<void> => {
    const end = position + length;
    const settle = (): void | Promise<void> => {
      paid = Math.max(paid, end);
      position = end;
      return write();
    };
    const reserved = end > paid ? allowed.reserve({ bytes: end - paid }) : undefined;
    return reserved === undefined ? settle() : reserved.then(settle);
  };

  const commit: WriteHandle["commit"] = async (o) => {
    const replaced = target.kind === "new-content" ? await target.replaced() : undefined;
    const reserved = target.kind === "new-content" && target.entryReserved;
    // Somebody removed the file that this upload was to replace, and gave its entry back.
    const gone = target.kind === "new-content" && replaced === undefined && !reserved;
    if (gone) await allowed.reserve({ files: 1 });
    try {
      const entry = await handle.commit(o);
      state = "ended";
      const doubled = replaced !== undefined && reserved;
      await giveBack(allowed, { bytes: paid - entry.size + (replaced ?? 0), files: doubled ? 1 : 0 });
      return entry;
    } catch (error) {
      if (gone) await giveBack(allowed, { files: 1 });
      throw error;
    }
  };

  return forwardWrites<WriteHandle>(handle, {
    write: (chunk) => pay(chunk.length, () => handle.write(chunk)),
    skip: (bytes) => pay(bytes, () => handle.skip?.(bytes)),
    commit: (o) => inTurn(allowed, () => commit(o)),
    async abandon(cause) {
      const { kept } = await handle.abandon(cause);
      if (state === "ended") return { kept };
      state = "ended";
      if (target.kind === "in-place") {
        await giveBack(allowed, { bytes: paid - Math.max(target.paid, kept) });
      } else {
        await giveBack(allowed, { bytes: paid - kept, files: target.entryReserved && kept === 0 ? 1 : 0 });
      }
      return { kept };
    },
  }) as Handle;
}

const turns = new WeakMap<Allowance, Promise<unknown>>();

/** One after the other for one allowance, so that what is asked before a change still holds when it is made. */
export function inTurn<T>(allowed: Allowance, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(allowed) ?? Promise.resolve()).then(work, work);
  turns.set(allowed, turn);
  return turn;
}

/**
 * What is done is done: an allowance that cannot take something back now, as a data base that is away, must not
 * turn a finished operation into a failure. Its count stays too high until the use is measured again.
 */
export async function giveBack(allowed: Allowance, { bytes = 0, files = 0 }: Use): Promise<void> {
  if (bytes <= 0 && files <= 0) return;
  try {
    await allowed.reserve({ bytes: -Math.max(0, bytes), files: -Math.max(0, files) });
  } catch {
    return;
  }
}

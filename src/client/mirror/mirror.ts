/** Makes a folder here like one on the server, or the other way round: first a plan, then its actions. */

import type { FtpClient } from "../client.js";
import { FtpAbortError } from "../errors.js";
import { type Sessions, sessionsOf } from "../pool.js";
import { identityOf, Journal, readJournal, type Unfinished } from "./journal.js";
import type { MirrorAction, MirrorOptions, MirrorResult } from "./options.js";
import { Performance } from "./perform.js";
import { planOf } from "./plan.js";

/**
 * @throws FtpError when the plan cannot be made, the signal aborts, or nothing can be written any more, here or there;
 * failures of single actions are in the result
 */
export async function mirror(pool: Sessions | FtpClient, o: MirrorOptions): Promise<MirrorResult> {
  const sessions = sessionsOf(pool);
  const unfinished = await unfinishedOf(sessions, o);
  const plan = unfinished?.plan ?? (await planOf(sessions, o));
  const left = plan.filter((_, index) => unfinished?.done.has(index) !== true);
  o.onPlan?.(left);
  const doneBefore = plan.length - left.length;
  if (o.dryRun === true) return { ...resultOf(left, []), doneBefore };
  const journal = journalFor(sessions, o, plan, unfinished);
  let whole = false;
  try {
    const { done, postponed } = await new Performance(sessions, o, journal, unfinished).perform(plan);
    whole = true;
    return { ...resultOf(done, postponed), doneBefore };
  } finally {
    // What failed for good is planned anew by the next run.
    journal?.close({ keep: !whole });
  }
}

function resultOf(
  actions: readonly MirrorAction[],
  postponed: readonly MirrorAction[],
): Omit<MirrorResult, "doneBefore"> {
  const moved = actions.filter(({ kind, error }) => kind === "transfer" && error === undefined);
  return {
    actions,
    failed: actions.filter(({ error }) => error !== undefined).length,
    bytes: moved.reduce((sum, { size = 0 }) => sum + size, 0),
    postponed,
  };
}

async function unfinishedOf(sessions: Sessions, o: MirrorOptions): Promise<Unfinished | undefined> {
  if (o.signal?.aborted === true) throw new FtpAbortError("command", o.signal.reason);
  if (typeof o.journal !== "string") return undefined;
  const found = await readJournal(o.journal, identityOf(sessions.origin, o));
  if (typeof found !== "string") return found;
  o.onNotice?.(`${found}: the mirror begins anew`);
  return undefined;
}

function journalFor(
  sessions: Sessions,
  o: MirrorOptions,
  plan: readonly MirrorAction[],
  unfinished: Unfinished | undefined,
): Journal | undefined {
  if (typeof o.journal !== "string") return undefined;
  const identity = identityOf(sessions.origin, o);
  if (unfinished === undefined) return Journal.begin(o.journal, identity, plan);
  return Journal.continue(o.journal, identity, unfinished);
}

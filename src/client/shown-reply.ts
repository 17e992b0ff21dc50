/**
 * Replies as they may be shown, in traces and errors: a server may repeat a password in any of them. What the client
 * reads out of a reply stays whole, so that a password which is also a number, or a name, spoils nothing.
 */
import type { Reply } from "../protocol/reply.js";

/** Only of those that differ. */
const SHOWN = new WeakMap<Reply<number>, Reply<number>>();

export function showAs(reply: Reply<number>, shown: Reply<number>): void {
  SHOWN.set(reply, shown);
}

/** The reply without secrets; most often itself. */
export function shownReply(reply: Reply<number>): Reply<number> {
  return SHOWN.get(reply) ?? reply;
}

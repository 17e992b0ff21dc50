/** What an account has stored, as one document that nodes change in turn. Pure: no database here. */
import type { AccountQuota } from "../record.js";
import type { Grant, UsageDocument } from "./documents.js";

export interface Amount {
  readonly bytes: number;
  readonly files: number;
}

/** What one node tells, and asks for. */
export interface Exchange {
  readonly node: string;
  /** Counts the exchanges of this node: one whose answer was lost must not be made twice. */
  readonly sequence: number;
  /** Used of the grant that the node has; what is left of it goes back. */
  readonly used: Amount;
  /** Stored without a grant, or removed when negative. */
  readonly beside: Amount;
  /** Uploaded without a grant. */
  readonly uploaded: number;
  /** The least that the node needs in hand now, and what it would like to have. */
  readonly needs: Amount;
  readonly likes: Amount;
  /** "2026-07" */
  readonly month: string;
}

export interface Settled {
  readonly next: Omit<UsageDocument, "_id">;
  /** What the node has in hand from now on; undefined when not even its need fits. */
  readonly granted: Amount | undefined;
  /** Beyond all grants; infinite where there is no limit. */
  readonly free: Amount;
}

export const NOTHING: Amount = { bytes: 0, files: 0 };

export function emptyUsage(month: string, stored: Amount = NOTHING): Omit<UsageDocument, "_id"> {
  return { version: 0, ...stored, month, monthBytes: 0, nodes: [] };
}

/**
 * The document after the exchange. Grants of nodes that crashed are free again; what they had used of them since
 * their last exchange is not known, and not counted.
 */
export function settle(
  before: Omit<UsageDocument, "_id">,
  exchange: Exchange,
  { quota, isAlive }: { readonly quota: AccountQuota; readonly isAlive: (node: string) => boolean },
): Settled {
  const others = before.nodes.filter(({ node }) => node !== exchange.node && isAlive(node));
  const ended = before.nodes.filter((grant) => !others.includes(grant));
  const { used, beside, uploaded, needs, likes } = exchange;
  // Grants count as used until they end. Ours may have been ended by others, who took us for crashed.
  const bytes = Math.max(0, before.bytes - sum(ended, "bytes") + used.bytes + beside.bytes);
  const files = Math.max(0, before.files - sum(ended, "files") + used.files + beside.files);
  const earlier =
    before.month === exchange.month ? before.monthBytes - sum(ended, "bytes") : sum(others, "bytes");
  const monthBytes = Math.max(0, earlier) + used.bytes + uploaded;
  const freeBytes = Math.min(rest(quota.bytes, bytes), rest(quota.bytesPerMonth, monthBytes));
  const freeFiles = rest(quota.files, files);
  const fits = needs.bytes <= freeBytes && needs.files <= freeFiles;
  const hand = fits
    ? { bytes: share(needs.bytes, likes.bytes, freeBytes), files: share(needs.files, likes.files, freeFiles) }
    : NOTHING;
  const own: Grant = { node: exchange.node, sequence: exchange.sequence, ...hand };
  return {
    next: {
      version: before.version + 1,
      bytes: bytes + hand.bytes,
      files: files + hand.files,
      month: exchange.month,
      monthBytes: monthBytes + hand.bytes,
      nodes: [...others, own],
    },
    granted: fits ? hand : undefined,
    free: { bytes: freeBytes - hand.bytes, files: freeFiles - hand.files },
  };
}

/** The grant of an exchange whose answer did not arrive, when it was made. */
export function madeAlready(
  document: Omit<UsageDocument, "_id">,
  { node, sequence }: Pick<Exchange, "node" | "sequence">,
): Amount | undefined {
  const own = document.nodes.find((grant) => grant.node === node && grant.sequence === sequence);
  return own === undefined ? undefined : { bytes: own.bytes, files: own.files };
}

function rest(limit: number | undefined, used: number): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit - used);
}

/** Near the limit a node gets a quarter of what is free, so that the others get some too. */
function share(need: number, like: number, free: number): number {
  return Math.max(need, Math.min(like, Math.floor(free / 4)));
}

function sum(grants: readonly Grant[], key: "bytes" | "files"): number {
  return grants.reduce((total, grant) => total + grant[key], 0);
}

/** "2026-07", UTC. */
export function monthOf(now: number): string {
  return new Date(now).toISOString().slice(0, 7);
}

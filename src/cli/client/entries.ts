/** Entries of folders, in order and as JSON. */
import type { FtpClient } from "../../client/client.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { isoTime } from "./formatting.js";

export const SORT_ORDERS = ["name", "size", "time", "none"] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Entries as they come; `""` is the login directory. */
export async function* entriesIn(
  client: FtpClient,
  path: string,
  { all = false, signal }: { readonly all?: boolean | undefined; readonly signal: AbortSignal },
): AsyncGenerator<FtpEntry, void, undefined> {
  for await (const entry of client.list(path === "" ? undefined : path, { hidden: all, signal })) {
    if (all || !entry.name.startsWith(".")) yield entry;
  }
}

/** Of a folder in which nothing was listed: servers with only LIST say no more of one that is not there. */
export async function assertThere(client: FtpClient, path: string, signal: AbortSignal): Promise<void> {
  if (path !== "") await client.stat(path, { signal });
}

interface Sortable {
  readonly path: string;
  readonly entry: Pick<FtpEntry, "size" | "modified">;
}

/** In place: by path; or the biggest, or the newest, first. */
export function sorted<T extends Sortable>(
  listed: T[],
  { sort, reverse = false }: { readonly sort: SortOrder; readonly reverse?: boolean },
): T[] {
  if (sort !== "none") listed.sort(COMPARISONS[sort]);
  return reverse ? listed.reverse() : listed;
}

type Comparison = (one: Sortable, other: Sortable) => number;

const byPath: Comparison = ({ path: one }, { path: other }) => (one < other ? -1 : one > other ? 1 : 0);

const COMPARISONS: Readonly<Record<Exclude<SortOrder, "none">, Comparison>> = {
  name: byPath,
  size: (one, other) => (other.entry.size ?? -1) - (one.entry.size ?? -1) || byPath(one, other),
  time: (one, other) => (other.entry.modified ?? 0) - (one.entry.modified ?? 0) || byPath(one, other),
};

/** The object of `--json` (DESIGN 7), which later versions only add to. */
export function entryObject(path: string, entry: FtpEntry): object {
  const { name, type, size, modified, created, mode, target, owner, group, links, perm, unique } = entry;
  return {
    name,
    path,
    type,
    size,
    modified: isoTime(modified),
    created: isoTime(created),
    target,
    mode: mode === undefined ? undefined : mode.toString(8).padStart(4, "0"),
    owner,
    group,
    links,
    perm,
    unique,
  };
}

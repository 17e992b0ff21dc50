/** Entries of one folder, sorted. */
import type { FtpEntry } from "../../../client/verbs/listing.js";
import { type SortOrder, sorted } from "../../client/entries.js";

export function sortedEntries(
  entries: readonly FtpEntry[],
  order: { readonly sort: SortOrder; readonly reverse?: boolean },
): readonly FtpEntry[] {
  const listed = entries.map((entry) => ({ path: entry.name, entry }));
  return sorted(listed, order).map(({ entry }) => entry);
}

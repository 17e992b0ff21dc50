/** The three things that an upload can be: a part that becomes a file, a reserved name, a file in place. */
import { fchmodSync, fchownSync, fstatSync, type Stats, unlinkSync } from "node:fs";
import { StorageError } from "../errors.js";
import { entryStats, pathIn } from "./directory.js";
import { type FileIdentity, identityOf, whileUnwritten } from "./lease.js";
import { moveOver, moveToNewName, unlinkFile } from "./move.js";
import { blockBelow, ENDED_MODE } from "./parts.js";
import type { Place } from "./place.js";
import type { Destination } from "./write-handle.js";

/** How a part gets its name: never over another file, over whatever is there, or over our own empty one. */
export type Publication =
  | { readonly kind: "create" }
  | { readonly kind: "replace" }
  | { readonly kind: "reserved"; readonly identity: FileIdentity };

export interface PartOptions {
  /** The hidden name, in the directory of the place. */
  readonly hidden: string;
  readonly publication: Publication;
  /** Mode of a file that replaces none. */
  readonly mode: number;
  /** Whether what arrived may be continued later. */
  readonly kept: boolean;
  /** Bytes of an earlier upload that this one continues; they stay when nothing more arrives. */
  readonly found: number;
}

/** A hidden file that becomes the one at `place`. */
export function partDestination(place: Place, part: PartOptions): Destination {
  const { directory } = place;
  const name = place.nameOfEntry();
  const hiddenPath = pathIn(directory, part.hidden);

  return {
    async publish(writer, stats) {
      if (stats.size !== writer.position)
        throw new StorageError("failed", "another process wrote to the part");
      const existing = entryStats(directory, name);
      const over = overwritable(part.publication, existing, place);
      dress(writer.descriptor, stats, over?.stats, part.mode);
      if (over === undefined) moveToNewName(hiddenPath, place.path, stats);
      else {
        const bytes = Math.max(stats.size, over.stats.size);
        await whileUnwritten(over.identity, () => moveOver(hiddenPath, place.path, bytes));
      }
    },

    async giveUp(writer, durable) {
      removeReservation(place, part.publication);
      const own = fstatSync(writer.descriptor);
      const { size } = own;
      // Somebody removed it meanwhile, or another process continues it.
      if (!isSame(entryStats(directory, part.hidden), own) || (writer.begun && size > writer.position))
        return 0;
      if (part.found > 0 && !writer.begun) return part.found;
      const kept = part.kept ? Math.max(blockBelow(writer.position), durable) : 0;
      // An empty part beside a visible file keeps SIZE from telling of that file: a client that resumes by it
      // would join its old head to the new tail.
      if (kept === 0 && !(part.kept && entryStats(directory, name) !== undefined)) {
        await unlinkFile(hiddenPath, size);
        return 0;
      }
      await writer.setLength(kept, size - kept);
      fchmodSync(writer.descriptor, ENDED_MODE);
      return kept;
    },
  };
}

/** What was there before an upload in place: a file, nothing, or nothing and the name was made up for it. */
export type Before = "file" | "nothing" | "unique";

/** The visible file itself. What arrived stays, but for a file of a made-up name, which nobody asks for again. */
export function inPlaceDestination(place: Place, before: Before, start: number): Destination {
  return {
    async publish() {},

    async giveUp(writer) {
      if (before === "file" || (before === "nothing" && writer.begun)) {
        return writer.begun ? writer.position : start;
      }
      if (isSame(entryStats(place.directory, place.name), fstatSync(writer.descriptor)))
        unlinkSync(place.path);
      return 0;
    },
  };
}

/** What a part will replace, if anything. @throws StorageError when it may not. */
function overwritable(
  publication: Publication,
  stats: Stats | undefined,
  place: Place,
): { readonly stats: Stats; readonly identity: FileIdentity } | undefined {
  if (stats === undefined) return undefined;
  const identity = identityOf(stats, place.directory, place.name);
  if (publication.kind === "create") throw new StorageError("exists");
  if (publication.kind === "reserved" && identity !== publication.identity) throw new StorageError("exists");
  if (stats.isDirectory()) throw new StorageError("is-directory");
  return { stats, identity };
}

function removeReservation(place: Place, publication: Publication): void {
  if (publication.kind !== "reserved") return;
  const existing = entryStats(place.directory, place.name);
  if (existing?.size === 0 && identityOf(existing, place.directory, place.name) === publication.identity)
    unlinkSync(place.path);
}

/**
 * Mode of the file that is replaced, and as root its owner too. Never setuid, setgid or sticky: the new content
 * is not what somebody trusted with them.
 */
function dress(descriptor: number, own: Stats, replaced: Stats | undefined, mode: number): void {
  const owned = replaced === undefined || (replaced.uid === own.uid && replaced.gid === own.gid);
  if (own.uid === 0 && replaced !== undefined && !owned) fchownSync(descriptor, replaced.uid, replaced.gid);
  fchmodSync(descriptor, replaced === undefined ? mode : replaced.mode & 0o777);
}

function isSame(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.ino === other.ino && one.dev === other.dev;
}

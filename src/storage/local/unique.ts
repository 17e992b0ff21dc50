/** Files of a new name, for STOU (RFC 959 4.1.3). */
import { randomInt } from "node:crypto";
import { unlinkSync } from "node:fs";
import { childOf } from "../../protocol/pathname.js";
import { encodeText } from "../../protocol/text.js";
import { StorageError } from "../errors.js";
import { inPlaceDestination, partDestination } from "./destinations.js";
import type { Directory } from "./directory.js";
import { identityOf } from "./lease.js";
import { isForeignName, isHidden, randomHiddenName } from "./names.js";
import { createHidden, createVisible, handleFor, type UploadRequest, type WritableFile } from "./opening.js";
import { Place } from "./place.js";
import type { LocalWriteHandle } from "./write-handle.js";

/** Names that are tried before the directory counts as full of them. */
const MOST_TRIES = 100;

/** A request whose place is a directory. */
export type UniqueRequest = Omit<UploadRequest, "entryName">;

/** Bytes of a hint that are used: with a number behind them they still fit into 255, the most of any file system. */
const HINT_BYTES = 250;

/**
 * The name is taken at once, by an empty file: the reply to STOU tells it before the first byte. `hint`, then
 * `hint.1` and so on; without a hint, or with one that is no name, `ferry.` and six characters.
 */
export async function openUniqueUpload(
  request: UniqueRequest,
  hint: string | undefined,
): Promise<LocalWriteHandle> {
  const directory = request.place.enter();
  const mode = 0o666 & ~request.settings.umask;
  let taken: Taken;
  try {
    taken = takeName(directory, usableHint(hint), mode);
  } catch (error) {
    directory.close();
    throw error;
  }
  const pathname = childOf(request.place.pathname, taken.name);
  const place = new Place(directory, true, taken.name, pathname, undefined, false);
  try {
    return await writeTo(taken, mode, { ...request, place, entryName: taken.name });
  } finally {
    place.release();
  }
}

/** A new name, and the empty file that holds it. */
interface Taken {
  readonly name: string;
  readonly file: WritableFile;
}

function takeName(directory: Directory, hint: string | undefined, mode: number): Taken {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const name = candidate(hint, attempt);
    const file = createVisible(directory, name, mode);
    if (file !== undefined) return { name, file };
  }
  throw new StorageError("exists", `no new name after ${MOST_TRIES} tries`);
}

async function writeTo(taken: Taken, mode: number, request: UploadRequest): Promise<LocalWriteHandle> {
  const { place, settings } = request;
  if (settings.uploads === "direct") {
    const destination = inPlaceDestination(place, "unique", 0);
    return handleFor(request, taken.file, { start: 0, cut: false, begin: () => {}, destination });
  }
  const identity = identityOf(taken.file.stats, place.directory, place.name);
  taken.file.close();
  const hidden = randomHiddenName();
  try {
    const file = await createHidden(request, hidden);
    if (file === undefined) throw new StorageError("denied");
    const publication = { kind: "reserved", identity } as const;
    const destination = partDestination(place, { hidden, publication, mode, kept: false, found: 0 });
    return handleFor(request, file, { start: 0, cut: false, begin: () => {}, destination });
  } catch (error) {
    unlinkSync(place.path);
    throw error;
  }
}

function candidate(hint: string | undefined, attempt: number): string {
  if (hint !== undefined) return attempt === 0 ? hint : `${hint}.${attempt}`;
  return `ferry.${randomInt(36 ** 6)
    .toString(36)
    .padStart(6, "0")}`;
}

function usableHint(hint: string | undefined): string | undefined {
  if (hint === undefined || /^\.{0,2}$|[/\0\r\n]/.test(hint) || isHidden(hint) || isForeignName(hint))
    return undefined;
  let short = hint;
  while (encodeText(short).length > HINT_BYTES) {
    const [last = ""] = /[\ud800-\udbff]?.$/s.exec(short) ?? [];
    short = short.slice(0, -Math.max(1, last.length));
  }
  return short;
}

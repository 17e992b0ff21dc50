/** Which file an upload writes to, by what is there and what is wanted (DESIGN 6.1). */
import { accessSync, constants, fchmodSync, ftruncateSync } from "node:fs";
import { StorageError } from "../errors.js";
import type { Operation, WriteIntent } from "../storage.js";
import { inPlaceDestination, type Publication, partDestination } from "./destinations.js";
import { entryStats } from "./directory.js";
import { requireFile } from "./file-type.js";
import { identityOf, isWritten, whileGivingUp } from "./lease.js";
import { randomHiddenName } from "./names.js";
import { createHidden, createVisible, handleFor, openToWrite, type UploadRequest } from "./opening.js";
import { isOurs, type Part, WRITING_MODE } from "./parts.js";
import type { LocalWriteHandle } from "./write-handle.js";

/** The place stays the caller's; the handle holds it too. */
export async function openUpload(
  request: UploadRequest,
  o: Operation & WriteIntent,
): Promise<LocalWriteHandle> {
  const { directory, name, stats, linked } = request.place;
  if (stats !== undefined) requireFile(stats);
  await whileOthersGiveUp(request);
  if (o.intent === "create") {
    // As open(2) with O_EXCL: a link that leads nowhere is something of that name too.
    if (stats !== undefined || linked) throw new StorageError("exists");
    return writeAnew(request, { kind: "create" });
  }
  if (o.intent === "replace") return writeAnew(request, { kind: "replace" });
  const { uploads, parts } = request.settings;
  let part = uploads === "atomic" ? parts.find(directory, name) : undefined;
  if (o.intent === "append" && part?.size === 0) {
    await parts.drop(directory, name);
    part = undefined;
  }
  if (part !== undefined) return continuePart(request, part, o.intent === "append" ? part.size : o.start);
  if (stats !== undefined) return continueVisible(request, o.intent === "append" ? undefined : o.start);
  if (o.intent === "resume" && o.start > 0) throw new StorageError("bad-offset");
  return writeAnew(request, { kind: "create" });
}

/** An upload to the same file that has broken off: what is left of it counts once it is put away. */
async function whileOthersGiveUp({ place, settings, signal }: UploadRequest): Promise<void> {
  const { directory, name, stats } = place;
  const hidden = settings.parts.nameFor(name);
  const part = hidden === undefined ? undefined : entryStats(directory, hidden);
  if (hidden !== undefined && part !== undefined) {
    await whileGivingUp(identityOf(part, directory, hidden), signal);
  }
  if (stats !== undefined) await whileGivingUp(identityOf(stats, directory, name), signal);
}

/** A new content, from its first byte on. */
async function writeAnew(request: UploadRequest, publication: Publication): Promise<LocalWriteHandle> {
  const { place, settings } = request;
  if (settings.uploads === "direct") {
    await settings.parts.drop(place.directory, place.name);
    return writeDirectly(request);
  }
  if (place.stats !== undefined) {
    if (isWritten(identityOf(place.stats, place.directory, place.name))) throw new StorageError("busy");
    // Renaming would replace even a file that was made read-only.
    accessSync(place.path, constants.W_OK);
  }
  const named = settings.parts.nameFor(place.name);
  const hidden = named ?? randomHiddenName();
  const file = await createHidden(request, hidden);
  if (file === undefined) {
    settings.warn(
      `${request.path} is written in place: its directory does not let a new file take its place`,
    );
    return writeDirectly(request);
  }
  return handleFor(request, file, {
    start: 0,
    cut: false,
    begin: () => {},
    destination: partDestination(place, {
      hidden,
      publication,
      mode: 0o666 & ~settings.umask,
      kept: named !== undefined,
      found: 0,
    }),
  });
}

/** On with an upload that broke off. What lies behind `start` goes with the first byte that arrives. */
function continuePart(request: UploadRequest, part: Part, start: number): LocalWriteHandle {
  const { place, settings } = request;
  if (start > part.bytes) throw new StorageError("bad-offset");
  const file = openToWrite(place.directory, part.name);
  if (!isOurs(file.stats)) {
    file.close();
    throw new StorageError("busy", "the part was replaced by another file");
  }
  return handleFor(request, file, {
    start,
    cut: true,
    begin: () => fchmodSync(file.descriptor, WRITING_MODE),
    destination: partDestination(place, {
      hidden: part.name,
      publication: { kind: place.stats === undefined ? "create" : "replace" },
      mode: 0o666 & ~settings.umask,
      kept: true,
      found: part.size,
    }),
  });
}

/** The visible file, from `start` on or from its end on. */
function continueVisible(request: UploadRequest, start: number | undefined): LocalWriteHandle {
  const { place } = request;
  const file = openToWrite(place.directory, place.name);
  const { size } = file.stats;
  const from = start ?? size;
  if (from > size) {
    file.close();
    throw new StorageError("bad-offset");
  }
  return handleFor(request, file, {
    start: from,
    cut: start !== undefined,
    begin: () => {},
    destination: inPlaceDestination(place, "file", from),
  });
}

/** A new content in the visible file itself; the old one goes with the first byte that arrives. */
function writeDirectly(request: UploadRequest): LocalWriteHandle {
  const { place, settings } = request;
  const created =
    place.stats === undefined
      ? createVisible(place.directory, place.name, 0o666 & ~settings.umask)
      : undefined;
  const file = created ?? openToWrite(place.directory, place.name);
  return handleFor(request, file, {
    start: 0,
    cut: true,
    begin: () => ftruncateSync(file.descriptor, 0),
    destination: inPlaceDestination(place, created === undefined ? "file" : "nothing", 0),
  });
}

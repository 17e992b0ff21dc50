/** Storing files (RFC 959 4.1.3): STOR, APPE, STOU. */
import { randomBytes } from "node:crypto";
import { childOf, nameOf, type Pathname } from "../../protocol/pathname.js";
import { reply } from "../../protocol/reply.js";
import type { ReplyCode } from "../../protocol/reply-codes.js";
import { printable } from "../../protocol/text.js";
import { StorageError, type StorageReason } from "../../storage/errors.js";
import type { Operation, Storage, UniqueWriteHandle, WriteHandle } from "../../storage/storage.js";
import { requiredPathname } from "../argument.js";
import { defineCommand, type LoggedInSession } from "../command.js";
import { isAllowed } from "../gates.js";
import { openingText } from "../opening.js";

/** 5.4 gives STOR no 550: what is wrong with the name or the right to it is 553. */
const FAILURES: { readonly [reason in StorageReason]?: ReplyCode } = {
  "not-found": 553,
  denied: 553,
  exists: 553,
  "is-directory": 553,
  "not-directory": 553,
  "not-regular": 553,
  "read-only": 553,
  "too-many-links": 553,
  unsupported: 553,
  // A restart position that cannot be is no matter of the name: clients that resume look for 550.
  "bad-offset": 550,
};

const stor = defineCommand({
  verb: "STOR",
  reference: "RFC 959 4.1.3",
  summary: "Receive a file; with REST before it, continue one.",
  argument: requiredPathname,
  needs: { login: true, permission: "upload", dataConnection: true },
  replies: [125, 150, 226, 425, 426, 450, 451, 452, 501, 521, 522, 550, 552, 553],
  failures: FAILURES,
  async run({ session, argument: path, transfer }) {
    const { storage, operation } = session;
    const start = session.takeRestart();
    if (start > 0 && session.parameters.type.kind === "ascii") return reply(501, "REST needs TYPE I.");
    const mayReplace = await isAllowed(session, "overwrite", path);
    if (start > 0 && !mayReplace) await expectNewFile(session, path);
    const sink = await storage.openWrite(path, {
      ...operation,
      ...(start > 0 ? { intent: "resume", start } : { intent: mayReplace ? "replace" : "create" }),
    });
    return await transfer.receive({ path, sink, opening: openingText(session, nameOf(path)) });
  },
});

const appe = defineCommand({
  verb: "APPE",
  reference: "RFC 959 4.1.3",
  summary: "Receive bytes to add to a file, or a new file.",
  argument: requiredPathname,
  needs: { login: true, permission: "append", dataConnection: true },
  replies: [125, 150, 226, 425, 426, 450, 451, 452, 501, 521, 522, 550, 552, 553],
  failures: FAILURES,
  async run({ session, argument: path, transfer }) {
    if (session.takeRestart() > 0) return reply(501, "REST and APPE cannot go together.");
    const { storage, operation } = session;
    // What continues a part becomes the file as a whole: where there is one already, it is overwritten.
    const part = await storage.partial?.(path, operation);
    const continues = part !== undefined && part.size > 0;
    if (continues && !(await isAllowed(session, "overwrite", path))) await expectNewFile(session, path);
    const sink = await storage.openWrite(path, { ...operation, intent: "append" });
    return await transfer.receive({ path, sink, opening: openingText(session, nameOf(path)) });
  },
});

const stou = defineCommand({
  verb: "STOU",
  reference: "RFC 959 4.1.3, RFC 1123 4.1.2.9",
  summary: "Receive a file under a new name that the server chooses.",
  // No pathname: the file goes to the working directory, and that is what the permission is asked for.
  argument: { syntax: "[<SP> <hint>]", parse: (text) => ({ hint: text }) },
  needs: { login: true, permission: "upload", dataConnection: true },
  replies: [125, 150, 226, 425, 426, 450, 451, 452, 521, 522, 552, 553],
  failures: FAILURES,
  async run({ session, argument: { hint }, transfer }) {
    session.takeRestart();
    const directory = session.workingDirectory;
    const sink = await openUnique(session.storage, directory, session.operation, hint);
    const path = childOf(directory, sink.entryName);
    const name = printable(sink.entryName);
    return await transfer.receive({
      path,
      sink,
      opening: `FILE: ${name}`,
      complete: `Transfer complete: ${name}`,
    });
  },
});

/** For accounts that may not overwrite: they may continue what they began, as long as nothing has that name. */
async function expectNewFile({ storage, operation }: LoggedInSession, path: Pathname): Promise<void> {
  const part = await storage.partial?.(path, operation);
  const isNew =
    part !== undefined &&
    (await storage.stat(path, operation).then(
      () => false,
      (error: unknown) => error instanceof StorageError && error.reason === "not-found",
    ));
  if (!isNew) throw new StorageError("denied", "continuing a file changes it, and that is not allowed");
}

/** Names that a storage without `openUnique` is asked for until one is free. */
const UNIQUE_TRIES = 10;

async function openUnique(
  storage: Storage,
  directory: Pathname,
  operation: Operation,
  hint: string,
): Promise<UniqueWriteHandle> {
  const plainHint = nameOf(`/${hint}` as Pathname);
  if (storage.openUnique !== undefined) {
    return await storage.openUnique(directory, {
      ...operation,
      ...(plainHint === "" ? {} : { hint: plainHint }),
    });
  }
  for (let tries = 1; ; tries++) {
    const entryName = `${plainHint === "" ? "ferry" : plainHint}.${randomBytes(4).toString("hex")}`;
    try {
      const sink = await storage.openWrite(childOf(directory, entryName), { ...operation, intent: "create" });
      return named(sink, entryName);
    } catch (error) {
      const taken = error instanceof StorageError && error.reason === "exists";
      if (!taken || tries === UNIQUE_TRIES) throw error;
    }
  }
}

function named(sink: WriteHandle, entryName: string): UniqueWriteHandle {
  return {
    entryName,
    start: sink.start,
    write: (chunk) => sink.write(chunk),
    commit: (o) => sink.commit(o),
    abandon: (cause) => sink.abandon(cause),
  };
}

export const STORE = [stor, appe, stou];

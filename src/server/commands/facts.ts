/** Facts of files for programs (RFC 3659): SIZE, MDTM, MLST, MLSD; AVBL; and what sets them: MFMT, MFF, MFCT. */
import { Buffer } from "node:buffer";
import { AsciiLength } from "../../dtp/representation/ascii.js";
import { FACT_NAMES, type FactName, formatFactLine, formatMlstFeature } from "../../protocol/facts.js";
import { type Pathname, parentOf, resolvePathname } from "../../protocol/pathname.js";
import { reply } from "../../protocol/reply.js";
import { visibleName } from "../../protocol/text.js";
import { formatTimestamp, parseTimestamp } from "../../protocol/timestamp.js";
import { StorageError } from "../../storage/errors.js";
import type { Operation, Storage } from "../../storage/storage.js";
import { optionalPathname, parsed, requiredPathname } from "../argument.js";
import { defineCommand, type LoggedInSession } from "../command.js";
import { isAllowed } from "../gates.js";
import { openListing } from "../listing.js";
import { permFact } from "../perm-fact.js";
import { permissionDenied } from "../reply-for-error.js";

/** Counting the line ends of a larger file for SIZE would let anybody keep the disk busy (field study 6.3). */
const MAX_ASCII_SIZE = 8 * 1024 * 1024;

const size = defineCommand({
  verb: "SIZE",
  reference: "RFC 3659 4",
  summary: "Tell how many bytes RETR would send.",
  argument: requiredPathname,
  needs: { login: true, permission: "list" },
  feature: "SIZE",
  replies: [213, 450, 451, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: path }) {
    const { storage, operation } = session;
    // What a broken upload left is what REST continues; see docs/uploads.md for why SIZE tells of it.
    const part = await storage.partial?.(path, operation);
    if (part !== undefined) return reply(213, String(part.size));
    const entry = await storage.stat(path, operation);
    if (entry.type !== "file") throw new StorageError("not-regular");
    if (session.parameters.type.kind !== "ascii") return reply(213, String(entry.size));
    if (entry.size > MAX_ASCII_SIZE) return reply(550, "Too large for SIZE in TYPE A; use TYPE I.");
    return reply(213, String(await asciiLength(storage, path, operation)));
  },
});

async function asciiLength(storage: Storage, path: Pathname, operation: Operation): Promise<number> {
  const source = await storage.openRead(path, { ...operation, start: 0 });
  try {
    const length = new AsciiLength();
    const buffer = Buffer.allocUnsafe(64 * 1024);
    for (;;) {
      const count = await source.read(buffer);
      if (count === 0) return length.total;
      length.add(buffer.subarray(0, count));
      // A file that grows while we count must not hold us for ever.
      if (length.total > 2 * MAX_ASCII_SIZE)
        throw new StorageError("busy", "the file grew while it was counted");
    }
  } finally {
    await source.close();
  }
}

const mdtm = defineCommand({
  verb: "MDTM",
  reference: "RFC 3659 3",
  summary: "Tell when a file was modified, UTC.",
  argument: requiredPathname,
  needs: { login: true, permission: "list" },
  feature: "MDTM",
  replies: [213, 450, 451, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: path }) {
    const entry = await session.storage.stat(path, session.operation);
    if (entry.type !== "file") throw new StorageError("not-regular");
    return reply(213, formatTimestamp(entry.modified));
  },
});

const mlst = defineCommand({
  verb: "MLST",
  reference: "RFC 3659 7",
  summary: "Tell the facts of one file or directory.",
  argument: optionalPathname,
  needs: { login: true, permission: "list" },
  feature: (session) => formatMlstFeature(FACT_NAMES, session.facts),
  replies: [250, 450, 451, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: path }) {
    const entry = await session.storage.stat(path, session.operation);
    const perm = permFact(session, parentOf(path))(entry);
    const line = formatFactLine(entry, session.facts, { perm, name: path });
    return reply(250, `Facts of ${visibleName(path)}:`, line, "End");
  },
});

const mlsd = defineCommand({
  verb: "MLSD",
  reference: "RFC 3659 7",
  summary: "Send the facts of everything in a directory. The best listing for every client.",
  argument: optionalPathname,
  needs: { login: true, permission: "list", dataConnection: true },
  replies: [125, 150, 226, 425, 426, 450, 451, 501, 521, 522, 550],
  failures: { "not-directory": 501, "bad-name": 550 },
  async run({ session, argument: path, transfer }) {
    session.takeRestart();
    const { storage, operation, facts } = session;
    const permOf = permFact(session, path);
    const source = await openListing({
      storage,
      directory: path,
      operation,
      format: (entry) => `${formatFactLine(entry, facts, { perm: permOf(entry) })}\r\n`,
    });
    return await transfer.send({
      path,
      source,
      content: "listing",
      opening: "Opening data connection for MLSD.",
    });
  },
});

const avbl = defineCommand({
  verb: "AVBL",
  reference: "draft-peterson-streamlined-ftp-command-extensions-10 4",
  summary: "Tell how many bytes can be stored in a directory.",
  argument: optionalPathname,
  needs: { login: true, permission: "list", storage: "availableSpace" },
  feature: (session) => (can(session.storage, "availableSpace") ? "AVBL" : undefined),
  replies: [213, 450, 451, 502, 550],
  async run({ session, argument: path }) {
    return reply(213, String(await session.storage.availableSpace?.(path, session.operation)));
  },
});

interface TimeAndPath {
  readonly time: number;
  readonly path: Pathname;
}

const mfmt = defineCommand({
  verb: "MFMT",
  reference: "draft-somers-ftp-mfxx-04 3",
  summary: "Set when a file was modified, UTC.",
  argument: parsed("<YYYYMMDDhhmmss> <SP> <pathname>", parseTimeAndPath),
  needs: { login: true, permission: "set-times", storage: "setTimes" },
  feature: (session) => (can(session.storage, "setTimes") ? "MFMT" : undefined),
  replies: [213, 450, 451, 502, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: { time, path } }) {
    await session.storage.setTimes?.(path, { modified: time }, session.operation);
    return reply(213, `Modify=${formatTimestamp(time)}; ${visibleName(path)}`);
  },
});

const mfct = defineCommand({
  verb: "MFCT",
  reference: "draft-somers-ftp-mfxx-04 4",
  summary: "Set when a file was created, UTC.",
  argument: parsed("<YYYYMMDDhhmmss> <SP> <pathname>", parseTimeAndPath),
  needs: { login: true, permission: "set-times", storage: "setTimes" },
  feature: (session) => (canSetCreated(session.storage) ? "MFCT" : undefined),
  replies: [213, 450, 451, 502, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: { time, path } }) {
    if (!canSetCreated(session.storage)) return reply(502, "This storage keeps no settable creation times.");
    await session.storage.setTimes?.(path, { created: time }, session.operation);
    return reply(213, `Create=${formatTimestamp(time)}; ${visibleName(path)}`);
  },
});

const mff = defineCommand({
  verb: "MFF",
  reference: "draft-somers-ftp-mfxx-04 5",
  summary: "Set facts of a file: Modify, Create, UNIX.mode.",
  argument: parsed("<fact=value;…> <SP> <pathname>", parseFactsAndPath),
  needs: { login: true },
  feature: (session) => {
    const names = [...SETTABLE]
      .filter(([, { supported }]) => supported(session.storage))
      .map(([, { name }]) => name);
    return names.length === 0 ? undefined : `MFF ${names.map((name) => `${name};`).join("")}`;
  },
  replies: [213, 450, 451, 501, 504, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: { facts, path } }) {
    // All are checked before the first is set: a refused line changes nothing (draft 5.1).
    const changes: (() => Promise<void> | undefined)[] = [];
    for (const [name, value] of facts) {
      const settable = SETTABLE.get(name.toLowerCase());
      if (settable === undefined || !settable.supported(session.storage))
        return reply(504, "A fact cannot be set.");
      if (!(await isAllowed(session, settable.permission, path))) return permissionDenied();
      const change = settable.change(session, path, value);
      if (change === undefined) return reply(501, "The value of a fact is wrong.");
      changes.push(change);
    }
    for (const change of changes) await change();
    return reply(213, `${facts.map(([name, value]) => `${name}=${value};`).join("")} ${visibleName(path)}`);
  },
});

interface SettableFact {
  readonly name: FactName;
  readonly permission: "set-times" | "set-mode";
  supported(storage: Storage | undefined): boolean;
  /** Undefined when the value is none. */
  change(
    session: LoggedInSession,
    path: Pathname,
    value: string,
  ): (() => Promise<void> | undefined) | undefined;
}

const SETTABLE: ReadonlyMap<string, SettableFact> = new Map(
  (
    [
      timeFact("modify", "modified", (storage) => can(storage, "setTimes")),
      timeFact("create", "created", canSetCreated),
      {
        name: "UNIX.mode",
        permission: "set-mode",
        supported: (storage) => can(storage, "setMode"),
        change: ({ storage, operation }, path, value) => {
          if (!/^[0-7]{1,5}$/.test(value)) return undefined;
          return () => storage.setMode?.(path, Number.parseInt(value, 8) & 0o7777, operation);
        },
      },
    ] satisfies SettableFact[]
  ).map((fact: SettableFact) => [fact.name.toLowerCase(), fact]),
);

function timeFact(
  name: "modify" | "create",
  which: "modified" | "created",
  supported: SettableFact["supported"],
): SettableFact {
  return {
    name,
    permission: "set-times",
    supported,
    change: ({ storage, operation }, path, value) => {
      const time = parseTimestamp(value);
      return time === undefined ? undefined : () => storage.setTimes?.(path, { [which]: time }, operation);
    },
  };
}

function parseTimeAndPath(text: string, from: Pathname): TimeAndPath | undefined {
  const found = /^(\S+) (.+)$/s.exec(text);
  const time = found === null ? undefined : parseTimestamp(found[1] as string);
  return time === undefined ? undefined : { time, path: resolvePathname(from, found?.[2] as string) };
}

interface FactsAndPath {
  readonly facts: readonly (readonly [string, string])[];
  readonly path: Pathname;
}

function parseFactsAndPath(text: string, from: Pathname): FactsAndPath | undefined {
  // ncftp leaves out the last semicolon.
  const found = /^([^;=\s]+=[^;\s]*(?:;[^;=\s]+=[^;\s]*)*);? (.+)$/s.exec(text);
  if (found === null) return undefined;
  const facts = (found[1] as string).split(";").map((fact): [string, string] => {
    const equals = fact.indexOf("=");
    return [fact.slice(0, equals), fact.slice(equals + 1)];
  });
  return { facts, path: resolvePathname(from, found[2] as string) };
}

function canSetCreated(storage: Storage | undefined): boolean {
  return storage?.setTimes !== undefined && (storage.settableTimes?.includes("created") ?? false);
}

/** FEAT before login, when there is no storage yet, tells what the server can in general. */
function can(storage: Storage | undefined, method: keyof Storage): boolean {
  return storage === undefined || storage[method] !== undefined;
}

export const FACTS = [size, mdtm, mlst, mlsd, avbl, mfmt, mfct, mff];

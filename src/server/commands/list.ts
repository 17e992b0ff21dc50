/** LIST and NLST (RFC 959 4.1.3), with the flags of ls that clients send. */
import { isPattern } from "../../protocol/glob.js";
import { nameOf, type Pathname, parentOf, ROOT, resolvePathname } from "../../protocol/pathname.js";
import { printable } from "../../protocol/text.js";
import { StorageError } from "../../storage/errors.js";
import type { Entry, ReadHandle } from "../../storage/storage.js";
import type { ArgumentSpec } from "../argument.js";
import { type Command, defineCommand, type LoggedInSession } from "../command.js";
import { isAllowed } from "../gates.js";
import { type LineStyle, lineFormat } from "../list-line.js";
import { listingOf, openListing } from "../listing.js";

interface ListArgument {
  readonly path: Pathname;
  /** The pathname as the client wrote it; empty for the working directory. */
  readonly typed: string;
  readonly all: boolean;
  readonly recursive: boolean;
  /** `ls -d`: the directory itself. */
  readonly itself: boolean;
}

/** What clients send as flags: `LIST -a`, `-la`, `-aL`, `-R`, `-lT`. Others are the beginning of a name. */
const FLAGS = /^-[aAbBcCdFhklLnQrRsStTuUx1]+$/;

/** `--` ends the flags; a name of the same form as flags is reached by it, or as `./-la`. */
const listArgument: ArgumentSpec<ListArgument> = {
  syntax: "[<SP> -aR] [<SP> <pathname>]",
  parse(text, workingDirectory) {
    let typed = text;
    let flags = "";
    for (;;) {
      const [word = ""] = typed.split(" ", 1);
      if (word !== "--" && !FLAGS.test(word)) break;
      typed = typed.slice(word.length + 1);
      if (word === "--") break;
      flags += word;
    }
    return {
      path: typed === "" ? workingDirectory : resolvePathname(workingDirectory, typed),
      typed,
      all: flags.includes("a"),
      recursive: flags.includes("R"),
      itself: flags.includes("d"),
    };
  },
};

/** 5.4 gives listings no 550. */
const FAILURES = {
  "not-found": 450,
  denied: 450,
  "is-directory": 450,
  "not-directory": 450,
  "not-regular": 450,
  "too-many-links": 450,
  "bad-name": 450,
} as const;

/** LIST and NLST differ in their lines alone. */
function listCommand(verb: string, style: LineStyle, summary: string): Command {
  return defineCommand({
    verb,
    reference: "RFC 959 4.1.3",
    summary,
    argument: listArgument,
    needs: { login: true, permission: "list", dataConnection: true },
    replies: [125, 150, 226, 425, 426, 450, 451, 521, 522],
    failures: FAILURES,
    async run({ session, argument, transfer }) {
      session.takeRestart();
      const source = await openSource(session, argument, style);
      return await transfer.send({ path: argument.path, source, content: "listing", opening: OPENING });
    },
  });
}

const OPENING = "Opening ASCII mode data connection for file list.";

async function openSource(
  session: LoggedInSession,
  argument: ListArgument,
  style: LineStyle,
): Promise<ReadHandle> {
  const { storage, operation } = session;
  const { path, typed, recursive } = argument;
  const entry = await find(session, argument);
  if (entry === undefined) {
    const format = lineFormat(style, prefixOf(typed.slice(0, typed.lastIndexOf("/") + 1)));
    return await openListing({
      storage,
      directory: parentOf(path),
      operation,
      format,
      pattern: nameOf(path),
    });
  }
  if (entry.type !== "directory" || argument.itself) {
    return listingOf(lineFormat(style, "")({ ...entry, name: typed === "" ? "." : typed }));
  }
  const format = lineFormat(style, prefixOf(typed));
  const before = argument.all && style === "long" ? await dotEntries(session, path, format) : undefined;
  return await openListing({
    storage,
    directory: path,
    operation,
    format,
    recursive,
    mayList: (below) => isAllowed(session, "list", below),
    ...(before === undefined ? {} : { before }),
  });
}

/** What the pathname names; undefined when nothing does but it is a pattern (tnftp's mget sends `NLST *.txt`). */
async function find(
  { storage, operation }: LoggedInSession,
  { path }: ListArgument,
): Promise<Entry | undefined> {
  try {
    return await storage.stat(path, operation);
  } catch (error) {
    if (!(error instanceof StorageError) || error.reason !== "not-found") throw error;
    if (isPattern(nameOf(path))) return undefined;
    // A link that leads nowhere is there all the same.
    if (storage.statLink === undefined) throw error;
    return await storage.statLink(path, operation);
  }
}

async function dotEntries(
  { storage, operation }: LoggedInSession,
  path: Pathname,
  format: (entry: Entry) => string,
): Promise<string> {
  const own = await storage.stat(path, operation);
  const above = path === ROOT ? own : await storage.stat(parentOf(path), operation);
  return format({ ...own, name: "." }) + format({ ...above, name: ".." });
}

/** NLST gives names that RETR takes as they are (RFC 959 4.1.3), so the directory that was named stands before them. */
function prefixOf(typed: string): string {
  const prefix = printable(typed) === typed ? typed : "";
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

export const LIST = [
  listCommand("LIST", "long", "Send a listing of a directory, or of one file, for people to read."),
  listCommand("NLST", "names", "Send the names in a directory, for programs to read."),
];

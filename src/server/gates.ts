/**
 * The checks before a command runs, in fixed order: login → TLS → argument → permission → abilities of the storage →
 * data connection. All are computed from the declaration; no verb is named here.
 */
import type { Permission } from "../accounts/accounts.js";
import { childOf, nameOf, type Pathname, parentOf, ROOT } from "../protocol/pathname.js";
import { type Reply, reply } from "../protocol/reply.js";
import { BAD_ARGUMENT } from "./argument.js";
import { type Command, pathnameOf } from "./command.js";
import { permissionDenied, replyForError } from "./reply-for-error.js";
import type { Session } from "./session.js";

export type Passage = { readonly refused: Reply } | { readonly argument: unknown };

const NOT_LOGGED_IN = { refused: reply(530, "Log in with USER and PASS first.") };
const ACCOUNT_GONE = { refused: reply(421, "Your account is not available any more; closing.") };
const TLS_NEEDED = { refused: reply(530, "Logins need TLS here: send AUTH TLS first.") };
const DATA_NOT_PRIVATE = {
  refused: reply(521, "Data connections have to be in TLS: send PBSZ 0 and PROT P."),
};
const NO_DATA_CONNECTION = { refused: reply(425, "Use EPSV, PASV, EPRT or PORT first.") };
const NOT_SUPPORTED = { refused: reply(502, "This storage cannot do that.") };
const NO_ARGUMENT: Passage = { argument: undefined };

/** Whether the command may run now, and with which argument. A promise only where links must be resolved. */
export function pass(command: Command, text: string, session: Session): Passage | Promise<Passage> {
  const { needs } = command;
  if (needs.login === true) {
    if (session.login.kind !== "in") return NOT_LOGGED_IN;
    if (session.account === undefined) return ACCOUNT_GONE;
  }
  if (
    needs.secureLogin === true &&
    session.server.options.tls?.control === "require" &&
    !session.security.active
  )
    return TLS_NEEDED;
  // RFC 4217 10.2: asked at the command that begins the transfer, not at PORT or PASV.
  if (needs.dataConnection === true && session.dataMustBePrivate && session.security.data === "clear")
    return DATA_NOT_PRIVATE;
  const passage = parseArgument(command, text, session.workingDirectory);
  if ("refused" in passage) return passage;
  const { account, storage } = session;
  if (needs.permission === undefined || account === undefined) return passLast(command, session, passage);
  const path = pathnameOf(passage.argument, session.workingDirectory);
  if (!account.permissions.allows(needs.permission, path)) return denied(command);
  // A link must not lead around a rule for the directory that it leads to.
  if (account.permissions.uniform || storage?.resolve === undefined)
    return passLast(command, session, passage);
  return passResolved(command, session, passage, needs.permission, path);
}

/** For commands that need one more permission than they declare: the same question, for both pathnames. */
export async function isAllowed(
  session: Session,
  permission: Permission,
  path: Pathname,
  links: "followed" | "kept" = "followed",
): Promise<boolean> {
  const { account } = session;
  if (account === undefined || !account.permissions.allows(permission, path)) return false;
  if (account.permissions.uniform) return true;
  return account.permissions.allows(permission, await placeOf(session, path, links));
}

/**
 * Whether all below a pathname has the same permissions. A directory with others in it must not be renamed: they
 * hold for pathnames, and what they are about would go to another one. Undefined when nobody can tell.
 */
export async function isUniformBelow(session: Session, path: Pathname): Promise<boolean | undefined> {
  const permissions = session.account?.permissions;
  if (permissions === undefined || permissions.uniform) return permissions?.uniform;
  const place = await placeOf(session, path, "kept");
  const typed = permissions.uniformBelow?.(path);
  return typed === true ? permissions.uniformBelow?.(place) : typed;
}

/** The same object by a pathname without links; with "kept", its last component may be one and is meant itself. */
async function placeOf(
  { storage, operation }: Session,
  path: Pathname,
  links: "followed" | "kept",
): Promise<Pathname> {
  if (storage?.resolve === undefined) return path;
  if (links === "followed" || path === ROOT) return await storage.resolve(path, operation);
  return childOf(await storage.resolve(parentOf(path), operation), nameOf(path));
}

async function passResolved(
  command: Command,
  session: Session,
  passage: Passage,
  permission: Permission,
  path: Pathname,
): Promise<Passage> {
  try {
    if (!(await isAllowed(session, permission, path, command.needs.links))) return denied(command);
  } catch (error) {
    return { refused: replyForError(error, command) };
  }
  return passLast(command, session, passage);
}

function passLast({ needs }: Command, session: Session, passage: Passage): Passage {
  if (needs.storage !== undefined && session.storage?.[needs.storage] === undefined) return NOT_SUPPORTED;
  if (needs.dataConnection === true && !session.dataPort.available) return NO_DATA_CONNECTION;
  return passage;
}

function parseArgument(command: Command, text: string, workingDirectory: Pathname): Passage {
  try {
    const argument = command.argument.parse(text, workingDirectory);
    if (argument === undefined) return NO_ARGUMENT;
    return argument === BAD_ARGUMENT ? { refused: badArgument(command) } : { argument };
  } catch (error) {
    return { refused: replyForError(error, command) };
  }
}

function badArgument({ verb, argument }: Command): Reply {
  return reply(501, `Syntax: ${verb}${argument.syntax === "" ? "" : ` ${argument.syntax}`}`);
}

function denied(command: Command): Passage {
  return { refused: permissionDenied(command.failures) };
}

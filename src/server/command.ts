/** How a command is declared: one object holds everything about a verb. */
import type { Account, Permission } from "../accounts/accounts.js";
import type { Pathname } from "../protocol/pathname.js";
import type { Reply } from "../protocol/reply.js";
import type { ReplyCode } from "../protocol/reply-codes.js";
import type { Storage } from "../storage/storage.js";
import type { ArgumentSpec } from "./argument.js";
import type { FailureCodes } from "./reply-for-error.js";
import type { Session } from "./session.js";
import type { Transfers } from "./transfers.js";

export interface CommandNeeds {
  /** Refused with 530 before login. */
  readonly login?: boolean;
  /** Part of a login: refused with 530 where logins need TLS and the control connection has none. */
  readonly secureLogin?: boolean;
  /** Asked for the argument when that is a pathname, else for the working directory; refused with 550. */
  readonly permission?: Permission;
  /** "kept" when the command is about a link itself: the permission is then asked for where the link is. */
  readonly links?: "kept";
  /** Refused with 425 when no PASV, PORT or the like came before. */
  readonly dataConnection?: boolean;
  /** A method of the account's storage; refused with 502 when the storage lacks it. */
  readonly storage?: keyof Storage;
}

/**
 * What happens when the command comes while a transfer runs: "wait" for its end; "now", unless others wait;
 * "abort" ends the transfer at once, and is answered when those before it are; "at-end" waits, and nothing that
 * follows it is taken before it is answered.
 */
export type DuringTransfer = "wait" | "now" | "abort" | "at-end";

type Declaration<Argument, Needs extends CommandNeeds> = {
  /** Upper case; with a space for what is said behind SITE: `SITE CHMOD`. */
  readonly verb: string;
  /** Other verbs that mean the same, such as XPWD. */
  readonly aliases?: readonly string[];
  /** Where the command is defined. */
  readonly reference: string;
  /** One line for HELP. */
  readonly summary: string;
  readonly argument: ArgumentSpec<Argument>;
  readonly needs?: Needs;
  readonly duringTransfer?: DuringTransfer;
  /** Line of FEAT (RFC 2389 3.2), or undefined when the session's storage lacks what it needs. */
  readonly feature?: string | ((session: Session) => string | undefined);
  /** Completion and intermediate replies of its own; 421, 500, 501 and 530 can come from any command. */
  readonly replies: readonly ReplyCode[];
  /** Where it answers a failure with another code than the table in reply-for-error.ts. */
  readonly failures?: FailureCodes;
  /** The argument is a secret and appears in no log. */
  readonly secret?: boolean;
  run(context: CommandContext<Argument, Needs>): Reply | Promise<Reply>;
};

/** What `run` gets. A command that needs login finds the account; one that needs data finds `transfer`. */
export interface CommandContext<Argument, Needs extends CommandNeeds = CommandNeeds> {
  readonly session: Needs extends { readonly login: true } ? LoggedInSession : Session;
  readonly argument: Argument;
  readonly transfer: Needs extends { readonly dataConnection: true } ? Transfers : undefined;
  /** Whether the command had to wait for a transfer. */
  readonly waited: boolean;
  readonly commands: CommandBook;
  /** Sends 120; the only 1xx that does not come from a transfer. */
  preliminary(text: string): void;
}

/** The context with its types forgotten. */
export interface AnyContext {
  readonly session: Session;
  readonly argument: unknown;
  readonly transfer: Transfers | undefined;
  readonly waited: boolean;
  readonly commands: CommandBook;
  preliminary(text: string): void;
}

export type LoggedInSession = Session & { readonly account: Account; readonly storage: Storage };

/** A declared command with its types forgotten, as registry, gates and the PI see it. */
export interface Command extends Omit<Declaration<unknown, CommandNeeds>, "run" | "argument"> {
  readonly argument: ArgumentSpec<unknown>;
  readonly needs: CommandNeeds;
  readonly duringTransfer: DuringTransfer;
  run(context: AnyContext): Reply | Promise<Reply>;
}

/** Where declarations are found; HELP and FEAT read it. */
export interface CommandBook {
  readonly all: readonly Command[];
  /** By verb in upper case; `SITE CHMOD` for what is said behind SITE. */
  find(verb: string): Command | undefined;
  /** What can be said behind a verb such as SITE. */
  below(verb: string): readonly Command[];
}

/** Declares a command. The gates see to `needs` before `run` is called, so `run` can rely on it. */
export function defineCommand<Argument, const Needs extends CommandNeeds = Record<never, never>>(
  declaration: Declaration<Argument, Needs>,
): Command {
  const { run, argument, needs, duringTransfer } = declaration;
  return {
    ...declaration,
    argument,
    needs: needs ?? {},
    duringTransfer: duringTransfer ?? "wait",
    run: (context) => run(context as CommandContext<Argument, Needs>),
  };
}

/** The pathname that a permission is asked for: the argument, or its `path`, else the working directory. */
export function pathnameOf(argument: unknown, workingDirectory: Pathname): Pathname {
  if (typeof argument === "string") return argument as Pathname;
  if (typeof argument === "object" && argument !== null && "path" in argument)
    return argument.path as Pathname;
  return workingDirectory;
}

/**
 * Why a call of the client failed. Each class has one stable `code`; docs/errors.md lists them with what to do.
 * Messages name verbs, never arguments: an argument may be a password.
 */
import type { Reply } from "../protocol/reply.js";
import { escapeHostile } from "../protocol/text.js";
import { shownReply } from "./shown-reply.js";

/** Where in a session it happened. */
export type FtpPhase =
  | "connect" // the control connection, through a proxy too
  | "greeting" // before the server's first reply
  | "tls" // AUTH, the handshake on the control connection, and PROT
  | "login"
  | "command" // a command and its reply
  | "data-connection" // PASV, EPSV, PORT and the connection that they lead to
  | "transfer" // from the 1xx reply to the completion reply
  | "close";

export interface FtpErrorDetails {
  readonly phase: FtpPhase;
  /** The server's reply, where one says what is wrong. */
  readonly reply?: Reply<number> | undefined;
  /** What a person can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

export abstract class FtpError extends Error {
  abstract readonly code: string;
  /** Whether the same call may succeed later without anyone changing it. */
  abstract readonly retryable: boolean;
  readonly phase: FtpPhase;
  readonly reply: Reply<number> | undefined;
  readonly hint: string | undefined;

  constructor(message: string, { phase, reply, hint, cause }: FtpErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.phase = phase;
    this.reply = reply === undefined ? undefined : shownReply(reply);
    this.hint = hint;
  }
}

/** The server said no: `reply` is its reply, 4xx or 5xx, or one that does not fit the command. */
export class FtpReplyError extends FtpError {
  override readonly name = "FtpReplyError";
  readonly code = "ERR_FERRY_FTP_REPLY";
  declare readonly reply: Reply<number>;
  /** The verb that was answered. */
  readonly verb: string;
  readonly retryable: boolean;

  constructor(verb: string, details: FtpErrorDetails & { readonly reply: Reply<number> }) {
    super(`${verb} was answered ${replyText(details.reply)}`, {
      ...details,
      hint: details.hint ?? HINTS[details.reply.code],
    });
    this.verb = verb;
    // RFC 959 4.2.1: 4yz says that the same command may work later, 5yz that it will not.
    this.retryable = details.reply.code >= 400 && details.reply.code < 500;
  }
}

/** Name, password or account were not taken. */
export class FtpLoginError extends FtpError {
  override readonly name = "FtpLoginError";
  readonly code = "ERR_FERRY_FTP_LOGIN";
  readonly retryable: boolean;

  constructor(details: Omit<FtpErrorDetails, "phase"> & { readonly reply: Reply<number> }) {
    super(`the login was answered ${replyText(details.reply)}`, { ...details, phase: "login" });
    this.retryable = details.reply.code < 500;
  }
}

/** Nothing of that name is shown by the server: it is not there, or we may not see it. */
export class FtpNotFoundError extends FtpError {
  override readonly name = "FtpNotFoundError";
  readonly code = "ERR_FERRY_FTP_NOT_FOUND";
  readonly retryable = false;

  constructor(details: Omit<FtpErrorDetails, "phase"> = {}) {
    super("no such file or directory, or it may not be seen", { ...details, phase: "command" });
  }
}

/** There is no control connection: it could not be made, it broke, or the server ended it (421). */
export class FtpConnectionError extends FtpError {
  override readonly name = "FtpConnectionError";
  readonly code = "ERR_FERRY_FTP_CONNECTION";
  readonly retryable = true;
}

/** The proxy refused us, or the way to the server. */
export class FtpProxyError extends FtpError {
  override readonly name = "FtpProxyError";
  readonly code = "ERR_FERRY_FTP_PROXY";
  readonly retryable = false;
}

/** Nothing came in time. */
export class FtpTimeoutError extends FtpError {
  override readonly name = "FtpTimeoutError";
  readonly code = "ERR_FERRY_FTP_TIMEOUT";
  readonly retryable = true;
}

/** The data connection could not be made, or broke. */
export class FtpDataConnectionError extends FtpError {
  override readonly name = "FtpDataConnectionError";
  readonly code = "ERR_FERRY_FTP_DATA_CONNECTION";
  readonly retryable = true;
}

/** The server does not speak FTP as any client could follow, or says more than the limits allow. */
export class FtpProtocolError extends FtpError {
  override readonly name = "FtpProtocolError";
  readonly code = "ERR_FERRY_FTP_PROTOCOL";
  readonly retryable = false;
}

/** The file or stream on our side failed; `cause` is its error. */
export class FtpLocalError extends FtpError {
  override readonly name = "FtpLocalError";
  readonly code = "ERR_FERRY_FTP_LOCAL";
  readonly retryable = false;
}

/** What was moved is there, but not the same on both sides. Trying again begins anew. */
export class FtpVerifyError extends FtpError {
  override readonly name = "FtpVerifyError";
  readonly code = "ERR_FERRY_FTP_VERIFY";
  readonly retryable = true;
  /** How both sides were compared: a digest, or the size. */
  readonly by: string;

  constructor(by: string) {
    super(`the two files are not the same: their ${by} differs`, {
      phase: "transfer",
      hint: "The file changed meanwhile, or was damaged on its way: try again.",
    });
    this.by = by;
  }
}

/** An argument that cannot be sent, such as a name with a line end. Nothing was sent. */
export class FtpArgumentError extends FtpError {
  override readonly name = "FtpArgumentError";
  readonly code = "ERR_FERRY_FTP_ARGUMENT";
  readonly retryable = false;

  constructor(message: string, { cause, phase = "command" }: { cause?: unknown; phase?: FtpPhase } = {}) {
    super(message, { phase, cause });
  }
}

/** The server has no command for it. */
export class FtpUnsupportedError extends FtpError {
  override readonly name = "FtpUnsupportedError";
  readonly code = "ERR_FERRY_FTP_UNSUPPORTED";
  readonly retryable = false;

  constructor(message: string, { reply }: { readonly reply?: Reply<number> } = {}) {
    super(message, { phase: "command", reply });
  }
}

/** The caller's signal ended it; `cause` is the signal's reason. */
export class FtpAbortError extends FtpError {
  /** What every API of Node calls it. */
  override readonly name = "AbortError";
  readonly code = "ERR_FERRY_FTP_ABORTED";
  readonly retryable = false;

  constructor(phase: FtpPhase, cause: unknown) {
    super("the call was aborted", { phase, cause });
  }
}

/** The client was closed, or destroyed, by its owner. */
export class FtpClosedError extends FtpError {
  override readonly name = "FtpClosedError";
  readonly code = "ERR_FERRY_FTP_CLOSED";
  readonly retryable = false;

  constructor(phase: FtpPhase = "close") {
    super("the client is closed", { phase });
  }
}

/** `550 No such file`, safe for a terminal; of a long reply its first lines. */
export function replyText(reply: Reply<number>): string {
  const { code, lines } = shownReply(reply);
  const shown = lines.slice(0, MOST_LINES).map(escapeHostile).join(" / ");
  return `${code} ${lines.length > MOST_LINES ? `${shown} / …` : shown}`.trimEnd();
}

const MOST_LINES = 5;

const HINTS: Readonly<Record<number, string>> = {
  425: "The server could not make the data connection: a firewall between, its passive ports, or a wrong address.",
  426: "The transfer broke off; it can be resumed.",
  452: "The server has no space left.",
  502: "The server does not have this command.",
  504: "The server does not have this parameter.",
  522: "The server wants TLS on the data connection, or the same TLS session on it.",
  530: "The server wants a login first, or TLS before it.",
  532: "The server wants an account (option `account`).",
  550: "It is not there, or not allowed: the text of the reply says which.",
  552: "The quota of this account is used up.",
  553: "The server does not allow this name, or its folder is not there, or not ours to write in.",
};

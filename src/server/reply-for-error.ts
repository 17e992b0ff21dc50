/** The only place where an error becomes a reply. What an error says inside goes to the log, never to the peer. */
import type { DataConnectionReason } from "../connection/data-connection.js";
import { DataConnectionError } from "../connection/data-connection.js";
import { PathnameError } from "../protocol/pathname.js";
import type { Reply } from "../protocol/reply.js";
import { reply } from "../protocol/reply.js";
import type { ReplyCode } from "../protocol/reply-codes.js";
import type { StorageReason } from "../storage/errors.js";
import { StorageError } from "../storage/errors.js";

/** Where section 5.4 of RFC 959 gives a command other codes than the table: part of its declaration. */
export type FailureCodes = { readonly [reason in StorageReason]?: ReplyCode };

const STORAGE_REPLIES: Readonly<Record<StorageReason, Reply>> = {
  "not-found": reply(550, "No such file or directory."),
  denied: reply(550, "Permission denied."),
  exists: reply(550, "Something of that name exists already."),
  "not-empty": reply(550, "The directory is not empty."),
  "is-directory": reply(550, "It is a directory."),
  "not-directory": reply(550, "It is not a directory."),
  "not-regular": reply(550, "It is not a plain file."),
  "no-space": reply(452, "No space left on the device."),
  quota: reply(552, "Your allowance is used up."),
  "too-large": reply(552, "The file is too large."),
  "bad-name": reply(553, "That name is not allowed."),
  "bad-offset": reply(550, "The restart position lies beyond the end of the file."),
  busy: reply(450, "It is in use by another transfer; try again later."),
  "cross-device": reply(553, "The new name lies on another file system."),
  "read-only": reply(550, "Nothing can be changed here."),
  unsupported: reply(504, "The storage cannot do that."),
  "too-many-links": reply(550, "Too many links in that pathname."),
  unavailable: reply(450, "The storage is not available now; try again later."),
  timeout: reply(451, "The storage did not answer in time; try again later."),
  aborted: reply(426, "Aborted."),
  failed: reply(451, "Local error in processing."),
};

const DATA_CONNECTION_REPLIES: Readonly<Record<DataConnectionReason, Reply>> = {
  timeout: reply(425, "Can't open the data connection: it timed out."),
  refused: reply(425, "Can't open the data connection: it was refused."),
  "wrong-peer": reply(425, "Can't open the data connection: another address tried."),
  "no-port": reply(425, "Can't open the data connection: no port is free; try again later."),
  handshake: reply(522, "The TLS handshake on the data connection failed."),
  // RFC 4217 10.2: the reply says that this is the reason. The option is the operator's, as is vsftpd's in its text.
  "not-bound": reply(
    522,
    "The data connection must resume the TLS session of the control connection (--tls-data).",
  ),
  stalled: reply(426, "The data connection stalled; transfer aborted."),
  lost: reply(426, "The data connection broke; transfer aborted."),
  closed: reply(426, "The data connection was closed; transfer aborted."),
};

/** What a command declares of its answers. */
export interface DeclaredReplies {
  readonly replies: readonly ReplyCode[];
  readonly failures?: FailureCodes;
}

/** The reply to whatever a command threw; of a storage's errors always one that the command declares. */
export function replyForError(error: unknown, declared: DeclaredReplies): Reply {
  if (error instanceof DataConnectionError) return DATA_CONNECTION_REPLIES[error.reason];
  if (error instanceof PathnameError) return reply(501, "That is not a pathname.");
  const reason = error instanceof StorageError ? error.reason : "failed";
  return { code: codeFor(reason, declared), lines: STORAGE_REPLIES[reason].lines };
}

/**
 * Storages of any make can fail for any reason, and 5.4 is to be "strictly adhered to": a code that is not the
 * command's gives way to one that is, if possible of the same meaning for clients (4yz: try again).
 */
function codeFor(reason: StorageReason, { replies, failures = {} }: DeclaredReplies): ReplyCode {
  const code = failures[reason] ?? STORAGE_REPLIES[reason].code;
  if (replies.includes(code)) return code;
  const nearest = code < 500 ? ([451, 450, 550, 553] as const) : ([550, 553, 450, 451] as const);
  return nearest.find((other) => replies.includes(other)) ?? code;
}

/** For gates: the reply to something that the account may not do. */
export function permissionDenied(failures: FailureCodes = {}): Reply {
  return { code: failures.denied ?? 550, lines: STORAGE_REPLIES.denied.lines };
}

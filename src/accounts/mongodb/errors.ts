/** What errors of the driver mean. */
import { MongoError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from "mongodb";
import { AccountsDatabaseError } from "./database-error.js";

const DUPLICATE_KEY = 11_000;
/** Unauthorized, AuthenticationFailed, and Atlas's own. */
const REFUSALS: readonly unknown[] = [13, 18, 8000];
/** Not the primary, shutting down, interrupted: the state of a replica set that is choosing another one. */
const PASSING: readonly unknown[] = [6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436];

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether the server can do none of it, so that there is no sense in asking again. */
export function isUnsupported(error: unknown): boolean {
  // CommandNotFound, CommandNotSupported, "only supported on replica sets", NotImplemented (FerretDB).
  return error instanceof MongoServerError && [59, 115, 40_573, 238, 40_324].includes(Number(error.code));
}

/** Whether another attempt, later, may succeed. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AccountsDatabaseError) return error.problem === "unavailable";
  if (error instanceof MongoServerError) return PASSING.includes(error.code);
  // The driver's own: no connection, closed topology, timeouts. A socket's error comes through as it is sometimes.
  return error instanceof MongoError || isSystemError(error);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}

/** `secrets` never shows in the message. */
export function describe(
  error: unknown,
  what: string,
  secrets: readonly string[] = [],
): AccountsDatabaseError {
  if (error instanceof AccountsDatabaseError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const text = secrets.reduce((masked, secret) => masked.replaceAll(secret, "****"), said).split("\n", 1)[0];
  if (error instanceof MongoServerError && REFUSALS.includes(error.code)) {
    return new AccountsDatabaseError("refused", `${what}: the database refuses: ${text}`, { cause: error });
  }
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError || isPassing(error)) {
    return new AccountsDatabaseError("unavailable", `${what}: the database is not available: ${text}`, {
      cause: error,
    });
  }
  return new AccountsDatabaseError("content", `${what}: ${text}`, { cause: error });
}

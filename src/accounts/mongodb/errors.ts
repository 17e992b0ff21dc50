/** What errors of the driver mean. */
import { MongoError, MongoServerError } from "mongodb";
import { AccountsDatabaseError, type DatabaseProblem } from "./database-error.js";

const DUPLICATE_KEY = 11_000;
/** Unauthorized, AuthenticationFailed, and Atlas's own. */
const REFUSALS: readonly unknown[] = [13, 18, 8000];
/** Not the primary, shutting down, interrupted: the state of a replica set that is choosing another one. */
const PASSING: readonly unknown[] = [6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436];

/** The user of the URL may not do this. */
export function isRefused(error: unknown): boolean {
  return error instanceof MongoServerError && REFUSALS.includes(error.code);
}

/** IndexOptionsConflict, IndexKeySpecsConflict: an index like it is there already. */
export function isIndexConflict(error: unknown): boolean {
  return error instanceof MongoServerError && (error.code === 85 || error.code === 86);
}

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

/** `secrets` never shows in the message. @param known What the problem is, where that is not for the error to say. */
export function describe(
  error: unknown,
  what: string,
  secrets: readonly string[] = [],
  known?: DatabaseProblem,
): AccountsDatabaseError {
  if (error instanceof AccountsDatabaseError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const text = secrets.reduce((masked, secret) => masked.replaceAll(secret, "****"), said).split("\n", 1)[0];
  const problem = known ?? problemOf(error);
  return new AccountsDatabaseError(problem, `${what}: ${MEANINGS[problem]}${text}`, { cause: error });
}

const MEANINGS: Readonly<Record<DatabaseProblem, string>> = {
  unavailable: "the database is not available: ",
  refused: "the database refuses: ",
  url: "",
  content: "",
};

function problemOf(error: unknown): DatabaseProblem {
  if (isRefused(error)) return "refused";
  return isPassing(error) ? "unavailable" : "content";
}

/** Why the accounts' database could not be used. Without the driver, which is slow to load. */

export type DatabaseProblem =
  /** Away, too slow, or changing its primary. */
  | "unavailable"
  /** It refuses us: wrong password, no permission. */
  | "refused"
  /** The URL is none. */
  | "url"
  /** What is in it is not what this Ferry understands. */
  | "content";

/** `message` is one line for an operator, without the URL's password. */
export class AccountsDatabaseError extends Error {
  override readonly name = "AccountsDatabaseError";
  readonly code = "ERR_FERRY_ACCOUNTS_DATABASE";
  readonly problem: DatabaseProblem;

  constructor(problem: DatabaseProblem, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.problem = problem;
  }
}

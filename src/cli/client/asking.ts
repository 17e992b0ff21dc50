/** Questions that a server need not be able to answer. */
import { FtpError } from "../../client/errors.js";

/** Undefined when the server does not know, or has no command for it. @throws FtpError when it cannot be asked */
export async function ifTold<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FtpError && error.phase === "command" && !error.retryable) return undefined;
    throw error;
  }
}

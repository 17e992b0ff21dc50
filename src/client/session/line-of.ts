/** A command as the control connection carries it. */
import { CommandLineError, encodeCommandLine } from "../../protocol/command-line.js";
import { decodeText } from "../../protocol/text.js";
import { FtpArgumentError, type FtpPhase } from "../errors.js";

/** What is sent: checked, and carried as text whose bytes are those of the line. */
export function lineOf(verb: string, argument: string | undefined, phase: FtpPhase): string {
  try {
    return decodeText(encodeCommandLine(verb, argument));
  } catch (cause) {
    if (!(cause instanceof CommandLineError)) throw cause;
    throw new FtpArgumentError(cause.message, { cause, phase });
  }
}

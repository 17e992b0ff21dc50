/** A command as the control connection carries it. */
import { CommandLineError, encodeCommandLine } from "../../protocol/command-line.js";
import { decodeText } from "../../protocol/text.js";
import { FtpArgumentError, type FtpPhase } from "../errors.js";

/** Text that stands for itself on the wire, and the most of it that fits in any line. */
const PLAIN = /^[ -~]{0,400}$/;
const VERB = /^[!-~]{1,16}$/;

/** What is sent: checked, and carried as text whose bytes are those of the line. */
export function lineOf(verb: string, argument: string | undefined, phase: FtpPhase): string {
  // Nearly every line, and without a detour over its bytes.
  if (VERB.test(verb) && (argument === undefined || PLAIN.test(argument))) {
    return argument === undefined ? `${verb}\r\n` : `${verb} ${argument}\r\n`;
  }
  try {
    return decodeText(encodeCommandLine(verb, argument));
  } catch (cause) {
    if (!(cause instanceof CommandLineError)) throw cause;
    throw new FtpArgumentError(cause.message, { cause, phase });
  }
}

/** What commands that talk to a server say of what went wrong: errors of the client become errors of the program. */
import { FtpAbortError, FtpArgumentError, FtpError, FtpLocalError } from "../../client/errors.js";
import { escapeHostile } from "../../protocol/text.js";
import {
  CliError,
  type ExitCode,
  errorLine,
  interrupted,
  OutputError,
  systemCode,
  systemReason,
} from "../errors.js";
import { jsonLine } from "../json-line.js";
import type { TerminalOutput } from "../terminal.js";
import { hintFor } from "./hints.js";

/**
 * An error of the client as one of the program, in one line with what to do; every other error as it is.
 * @param subject What it is about, such as a URL without its password; made printable here
 */
export function asReported(error: unknown, subject: string): unknown {
  if (!(error instanceof FtpError)) return error;
  // Whoever aborted says why.
  if (error instanceof FtpAbortError) return error.cause instanceof Error ? error.cause : interrupted();
  const exitCode = error instanceof FtpArgumentError ? 2 : 1;
  const { code, phase, reply, cause } = error;
  const message = `${escapeHostile(subject)}: ${describe(error)}`;
  return new CliError(exitCode, code, message, { phase, reply, cause: cause ?? error });
}

/** `RETR was answered 425 No data connection. A firewall …`: what is wrong, and what to do. */
export function describe(error: FtpError): string {
  const { cause, message } = error;
  const local = error instanceof FtpLocalError && systemCode(cause) !== undefined;
  const sentences = [local ? `${message}: ${systemReason(cause)}` : message, hintFor(error) ?? ""];
  return sentences
    .map((sentence) => sentence.replace(/\.$/, ""))
    .filter((sentence) => sentence !== "")
    .join(". ");
}

/** Standard error, or what stands before it while there are progress bars. */
export interface ErrorOutput {
  readonly errors: Pick<TerminalOutput, "write">;
}

export interface ReportOptions {
  readonly json?: boolean | undefined;
}

/** What failed of several things that are all tried: told at once, one line each, and counted. */
export class Failures {
  readonly #terminal: ErrorOutput;
  readonly #json: boolean;
  /** The same failure may be that of many: nobody can log in to the server of all of them. */
  readonly #told = new WeakSet<Error>();
  #count = 0;
  #exitCode: ExitCode = 0;

  constructor(terminal: ErrorOutput, { json = false }: ReportOptions) {
    this.#terminal = terminal;
    this.#json = json;
  }

  get count(): number {
    return this.#count;
  }

  /** 2 only when nothing but wrong usage failed. */
  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  /** Tells a failure of one of them, and returns what it told. @throws the error when it ends all: an interruption, or a bug of ours */
  add(error: unknown, subject: string): CliError {
    const reported = asReported(error, subject);
    const endsAll = error instanceof FtpAbortError || reported instanceof OutputError;
    if (endsAll || !(reported instanceof CliError) || reported.exitCode === 130) throw reported;
    this.#count++;
    this.#exitCode = this.#exitCode === 1 ? 1 : reported.exitCode;
    if (!this.#told.has(reported)) this.#terminal.errors.write(errorLine(reported, { json: this.#json }));
    this.#told.add(reported);
    return reported;
  }
}

/** Does the same with each, one after the other; those that fail are told, and the rest is done all the same. */
export async function tryEach<T>(
  items: Iterable<T> | AsyncIterable<T>,
  failures: Failures,
  work: (item: T) => Promise<void>,
  subject: (item: T) => string,
): Promise<void> {
  for await (const item of items) {
    try {
      await work(item);
    } catch (error) {
      failures.add(error, subject(item));
    }
  }
}

/** One line on standard error about something that goes on all the same; nothing with `--quiet`. */
export function warn(
  message: string,
  terminal: ErrorOutput,
  { quiet, json }: { readonly quiet?: boolean; readonly json?: boolean },
): void {
  if (quiet === true) return;
  terminal.errors.write(json === true ? jsonLine({ warning: message }) : `ferry: warning: ${message}\n`);
}

/** How a command ends when it does not succeed: one line on stderr and an exit code (DESIGN 7). */
import type { Reply } from "../protocol/reply.js";
import { escapeHostile } from "../protocol/text.js";
import { jsonLine } from "./json-line.js";

export type ExitCode =
  | 0
  /** It failed. */
  | 1
  /** It was asked for in a wrong way, or its configuration is bad. */
  | 2
  /** Ctrl-C. */
  | 130;

export interface CliErrorDetails {
  readonly cause?: unknown;
  /** Where in a session with a server it happened. */
  readonly phase?: string | undefined;
  /** What the server said. */
  readonly reply?: Reply<number> | undefined;
}

/** A failure that the user can do something about; `message` is one line that says what. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly exitCode: Exclude<ExitCode, 0>;
  readonly phase: string | undefined;
  readonly reply: Reply<number> | undefined;

  constructor(exitCode: Exclude<ExitCode, 0>, code: string, message: string, o: CliErrorDetails = {}) {
    super(message, "cause" in o ? { cause: o.cause } : undefined);
    this.exitCode = exitCode;
    this.code = code;
    this.phase = o.phase;
    this.reply = o.reply;
  }
}

/** Standard output takes nothing more, and nobody has gone: the disk is full, say. */
export class OutputError extends CliError {
  constructor(cause: unknown) {
    super(1, "ERR_FERRY_OUTPUT", `cannot write to standard output: ${systemReason(cause)}`, { cause });
  }
}

/** Whoever read our output has gone (`ferry cat … | head -1`): there is nothing more to do, and nothing to say. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** The one line that stderr gets, with its end. */
export function errorLine({ code, phase, reply, message }: CliError, { json }: { json: boolean }): string {
  return json ? jsonLine({ code, phase, reply, message }) : `ferry: ${message}\n`;
}

export function failure(message: string, cause?: unknown): CliError {
  return new CliError(1, "ERR_FERRY_FAILED", message, { cause });
}

export function usageError(message: string): CliError {
  return new CliError(2, "ERR_FERRY_USAGE", message);
}

export function configurationError(message: string, cause?: unknown): CliError {
  return new CliError(2, "ERR_FERRY_CONFIGURATION", message, { cause });
}

export function interrupted(): CliError {
  return new CliError(130, "ERR_FERRY_INTERRUPTED", "interrupted");
}

/** The `code` of a system error, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const SYSTEM_REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EISDIR", "it is a directory"],
  ["EEXIST", "it is not a folder"],
  ["ENOTDIR", "a part of the path is not a directory"],
  ["ELOOP", "its links lead round in a circle"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EROFS", "the file system is read-only"],
]);

/** What a system error says, in words. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  const message = error instanceof Error ? error.message : String(error);
  // `EMFILE: too many open files, open '/a/b'`
  const [, said] = (code !== undefined && /^[A-Z\d]+: ([^,]*), \w+(?: '.*)?$/s.exec(message)) || [];
  return SYSTEM_REASONS.get(code ?? "") ?? escapeHostile(said ?? message);
}

/** From a line to the declaration that it means. */
import type { CommandLine } from "../protocol/command-line.js";
import { reply } from "../protocol/reply.js";
import { optionalText } from "./argument.js";
import { type Command, type DuringTransfer, defineCommand } from "./command.js";
import type { Registry } from "./registry.js";

export interface NamedCommand {
  readonly command: Command;
  /** As the client called it; for SITE with its second word. */
  readonly verb: string;
  /** What follows the verb. */
  readonly argument: string;
  readonly duringTransfer: DuringTransfer;
}

/** Stands for every verb that nobody declared. */
export const UNKNOWN: Command = defineCommand({
  verb: "unknown",
  reference: "RFC 959 4.2.2",
  summary: "A verb that is not known",
  argument: optionalText("text"),
  replies: [500],
  secret: true, // A mistyped PASS must not show its password.
  run: () => reply(500, "Unknown command."),
});

/** Methods of HTTP and greetings of SMTP; none of them is an FTP verb. */
const FOREIGN = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PRI EHLO HELO".split(" "));

export function isForeignProtocol(verb: string): boolean {
  return FOREIGN.has(verb);
}

/** A verb such as SITE is looked up with its second word first: `SITE chmod 644 x` is `SITE CHMOD`, `644 x`. */
export function commandIn(registry: Registry, line: CommandLine): NamedCommand {
  if (line.kind !== "command") return named(UNKNOWN, line.kind, "");
  const { verb, argument } = line;
  const command = registry.find(verb);
  if (command === undefined) return named(UNKNOWN, verb, argument);
  if (argument === "" || !registry.hasSecondWords(verb)) return named(command, verb, argument);
  const space = argument.indexOf(" ");
  const word = (space === -1 ? argument : argument.slice(0, space)).toUpperCase();
  const second = registry.find(`${verb} ${word}`);
  if (second === undefined) return named(command, verb, argument);
  return named(second, second.verb, space === -1 ? "" : argument.slice(space + 1));
}

function named(command: Command, verb: string, argument: string): NamedCommand {
  return { command, verb, argument, duringTransfer: command.duringTransfer };
}

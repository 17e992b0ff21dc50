/** Arguments of commands: each kind parses what the client sent and tells HELP how it is written. */
import type { Pathname } from "../protocol/pathname.js";
import { resolvePathname } from "../protocol/pathname.js";

export interface ArgumentSpec<Argument> {
  /** As HELP shows it behind the verb; empty when there is none. */
  readonly syntax: string;
  /**
   * The value, or {@link BAD_ARGUMENT}, which is answered 501.
   * @throws PathnameError for a pathname that cannot be one, answered 501 too.
   */
  parse(text: string, workingDirectory: Pathname): Argument | typeof BAD_ARGUMENT;
}

export const BAD_ARGUMENT: unique symbol = Symbol("bad argument");

/** A command without argument; anything but spaces behind the verb is refused. */
export const none: ArgumentSpec<undefined> = {
  syntax: "",
  parse: (text) => (text.trim() === "" ? undefined : BAD_ARGUMENT),
};

/** A pathname, seen from the working directory. */
export const requiredPathname: ArgumentSpec<Pathname> = {
  syntax: "<SP> <pathname>",
  parse: (text, from) => (text === "" ? BAD_ARGUMENT : resolvePathname(from, text)),
};

/** A pathname; the working directory when there is none. */
export const optionalPathname: ArgumentSpec<Pathname> = {
  syntax: "[<SP> <pathname>]",
  parse: (text, from) => (text === "" ? from : resolvePathname(from, text)),
};

/** Any text, at least one character of it. */
export function requiredText(name: string): ArgumentSpec<string> {
  return { syntax: `<SP> <${name}>`, parse: (text) => (text === "" ? BAD_ARGUMENT : text) };
}

/** Any text, or none. */
export function optionalText(name: string): ArgumentSpec<string> {
  return { syntax: `[<SP> <${name}>]`, parse: (text) => text };
}

/** Text in a form of its own; `parse` gives undefined for what is not in that form. */
export function parsed<Argument>(
  syntax: string,
  parse: (text: string, workingDirectory: Pathname) => Argument | undefined,
): ArgumentSpec<Argument> {
  return {
    syntax: `<SP> ${syntax}`,
    parse: (text, from) => {
      const value = parse(text, from);
      return value === undefined ? BAD_ARGUMENT : value;
    },
  };
}

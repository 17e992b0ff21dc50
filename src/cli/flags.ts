/** Flags whose values are checked when they are parsed, with a message that names the flag. */
import { Option } from "commander";
import { usageError } from "./errors.js";
import { ValueError } from "./values.js";

/** Given once; the last one counts. */
export function one<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser((text: string) => checked(flags, text, parse));
}

/** Given any number of times. */
export function several<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser((text: string, before: readonly T[] | undefined) => [
    ...(before ?? []),
    checked(flags, text, parse),
  ]);
}

/** Not commander's InvalidArgumentError: its message repeats the value, which may be a password. */
export function checked<T>(flags: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ValueError) throw usageError(`${flags}: ${error.message}`);
    throw error;
  }
}

/** Flags of the shell's commands: declared with their type, taken out of the words of a line. */
import { usageError } from "../errors.js";
import { ValueError } from "../values.js";
import type { Source } from "./completion/source.js";
import type { Word } from "./line/tokens.js";
import { nearest } from "./nearest.js";

interface AnyFlag {
  /** `-c`, `--continue`. */
  readonly names: readonly string[];
  readonly summary: string;
}

export interface Switch extends AnyFlag {
  readonly kind: "switch";
}

export interface Valued<Value> extends AnyFlag {
  readonly kind: "value" | "list";
  /** What its help calls the value. */
  readonly value: string;
  /** @throws ValueError */
  readonly parse: (text: string) => Value;
  readonly complete?: Source;
}

export type Flag = Switch | Valued<unknown>;
export type FlagDeclarations = Readonly<Record<string, Flag>>;

type ValueOf<Each> = Each extends { readonly kind: "switch" }
  ? boolean
  : Each extends { readonly kind: "list"; readonly parse: (text: string) => infer Value }
    ? readonly Value[]
    : Each extends { readonly parse: (text: string) => infer Value }
      ? Value | undefined
      : never;

/** What `run` gets: true or false, the value or undefined, or a list. */
export type FlagValues<Flags extends FlagDeclarations> = {
  readonly [Name in keyof Flags]: ValueOf<Flags[Name]>;
};

/** `names`: `"-c --continue"`. */
export function on(names: string, summary: string): Switch {
  return { kind: "switch", names: names.split(" "), summary };
}

/** A flag with a value: `-P 4`, `-P4`, `--parallel 4`, `--parallel=4`. */
export function taking<Value>(
  names: string,
  value: string,
  parse: (text: string) => Value,
  summary: string,
  complete?: Source,
): Valued<Value> & { readonly kind: "value" } {
  return {
    kind: "value",
    names: names.split(" "),
    value,
    parse,
    summary,
    ...(complete === undefined ? {} : { complete }),
  };
}

/** As {@link taking}; may be given again for more. */
export function listing<Value>(
  ...declared: Parameters<typeof taking<Value>>
): Valued<Value> & { readonly kind: "list" } {
  return { ...taking(...declared), kind: "list" };
}

/** `-c, --continue`, `-P, --parallel N`. */
export function flagSyntax(flag: Flag): string {
  const names = flag.names.join(", ");
  return flag.kind === "switch" ? names : `${names} ${flag.value}`;
}

export interface FlagsTaken {
  readonly values: Readonly<Record<string, unknown>>;
  /** All that is no flag. */
  readonly operands: readonly Word[];
}

/** Flags may stand anywhere; `--` ends them. @throws CliError that names the command's help */
export function takeFlags(command: string, flags: FlagDeclarations, words: readonly Word[]): FlagsTaken {
  const taking = new Taking(command, flags);
  const operands: Word[] = [];
  const left = words.values();
  for (const word of left) {
    if (word.text === "--") return { values: taking.values, operands: [...operands, ...left] };
    if (word.text.startsWith("--")) taking.long(word.text, left);
    else if (word.text.startsWith("-") && word.text !== "-") taking.short(word.text.slice(1), left);
    else operands.push(word);
  }
  return { values: taking.values, operands };
}

class Taking {
  readonly values: Record<string, unknown> = {};
  readonly #command: string;
  readonly #byName: ReadonlyMap<string, { readonly key: string; readonly flag: Flag }>;

  constructor(command: string, flags: FlagDeclarations) {
    this.#command = command;
    const entries = Object.entries(flags);
    this.#byName = new Map(
      entries.flatMap(([key, flag]) => flag.names.map((name) => [name, { key, flag }] as const)),
    );
    for (const [key, { kind }] of entries) {
      this.values[key] = kind === "switch" ? false : kind === "list" ? [] : undefined;
    }
  }

  long(text: string, left: Iterator<Word>): void {
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    this.#take(name, equals === -1 ? undefined : text.slice(equals + 1), left);
  }

  /** `-la` is `-l -a`; what follows a flag that takes a value is its value: `-P4`. */
  short(letters: string, left: Iterator<Word>): void {
    for (let at = 0; at < letters.length; at++) {
      const name = `-${letters[at]}`;
      const rest = letters.slice(at + 1);
      const valued = this.#byName.get(name)?.flag.kind !== "switch";
      this.#take(name, valued && rest !== "" ? rest : undefined, left);
      if (valued) return;
    }
  }

  #take(name: string, attached: string | undefined, left: Iterator<Word>): void {
    const { key, flag } = this.#byName.get(name) ?? this.#unknown(name);
    if (flag.kind === "switch") {
      if (attached !== undefined) throw usageError(`${this.#command}: ${name} takes no value`);
      this.values[key] = true;
      return;
    }
    const text = attached ?? left.next().value?.text;
    if (text === undefined) throw usageError(`${this.#command}: ${name} needs ${flag.value} behind it`);
    const value = this.#parsed(name, flag, text);
    this.values[key] = flag.kind === "list" ? [...(this.values[key] as unknown[]), value] : value;
  }

  #parsed(name: string, flag: Valued<unknown>, text: string): unknown {
    try {
      return flag.parse(text);
    } catch (error) {
      if (error instanceof ValueError) throw usageError(`${this.#command}: ${name}: ${error.message}`);
      throw error;
    }
  }

  #unknown(name: string): never {
    const meant = nearest(name, this.#byName.keys());
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    throw usageError(`${this.#command} has no flag ${name}${hint} See \`help ${this.#command}\``);
  }
}

/** Every way to write each of them, long names first. */
export function flagNames(flags: FlagDeclarations): string[] {
  const names = Object.values(flags).flatMap((flag) => flag.names);
  return names.sort((one, other) => Number(other.startsWith("--")) - Number(one.startsWith("--")));
}

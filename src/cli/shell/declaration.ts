/**
 * How a command of the shell is declared: one object holds everything about it. Its help, what Tab offers behind
 * it, the checks of its flags and operands, and its place in docs/shell.md follow.
 */
import { usageError } from "../errors.js";
import type { Source } from "./completion/source.js";
import { type FlagDeclarations, type FlagValues, takeFlags } from "./flag-words.js";
import type { Job } from "./jobs/job.js";
import type { Word } from "./line/tokens.js";
import type { ShellOutput } from "./output.js";

/** The headings of `help`, in its order. */
export const GROUPS = [
  "connection",
  "looking around",
  "transfers",
  "changing files",
  "this machine",
  "jobs",
  "the shell",
] as const;

export type Group = (typeof GROUPS)[number];

export interface Operand {
  /** What its help calls it: `REMOTE`. */
  readonly name: string;
  readonly count: "one" | "optional" | "some" | "any";
  readonly complete: Source;
}

export function one(name: string, complete: Source): Operand {
  return { name, count: "one", complete };
}

export function optional(name: string, complete: Source): Operand {
  return { name, count: "optional", complete };
}

/** One or more. */
export function some(name: string, complete: Source): Operand {
  return { name, count: "some", complete };
}

/** None or more. */
export function any(name: string, complete: Source): Operand {
  return { name, count: "any", complete };
}

/** What `run` gets. */
export interface CommandCall<World, Flags extends FlagDeclarations = FlagDeclarations> {
  readonly shell: World;
  readonly flags: FlagValues<Flags>;
  readonly operands: readonly Word[];
  /** All behind the command's name, as it was typed. */
  readonly rest: string;
  readonly out: ShellOutput;
  /** The work that this command is a part of: it can be stopped, and moved to the background. */
  readonly job: Job;
  readonly signal: AbortSignal;
}

export interface Declaration<World, Flags extends FlagDeclarations> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: Group;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What more there is to know. */
  readonly details?: string;
  /** Lines that can be typed, each with what it does. */
  readonly examples: readonly [Example, ...Example[]];
  readonly flags?: Flags;
  readonly operands?: readonly Operand[];
  /** Words behind it are taken as they are: what begins with a hyphen is no flag of this command. */
  readonly verbatim?: boolean;
  /** Whether it works only while connected. */
  readonly connected?: boolean;
  /** Whether a line with these words holds a password, and is not kept in the history. */
  readonly secret?: (words: readonly string[]) => boolean;
  /** Of a command that is followed by another: the words of that one, for Tab. */
  readonly inner?: (before: readonly string[]) => readonly string[] | undefined;
  run(call: CommandCall<World, Flags>): void | Promise<void>;
}

export type Example = readonly [line: string, meaning: string];

/** A declared command with its types forgotten. */
export interface ShellCommand<World = never> extends Omit<Declaration<World, FlagDeclarations>, "run"> {
  readonly aliases: readonly string[];
  readonly flags: FlagDeclarations;
  readonly operands: readonly Operand[];
  readonly verbatim: boolean;
  readonly connected: boolean;
  run(
    call: Omit<CommandCall<World>, "flags" | "operands"> & { readonly words: readonly Word[] },
  ): void | Promise<void>;
}

export interface CommandBook<World = never> {
  readonly all: readonly ShellCommand<World>[];
  /** By name or alias. */
  find(name: string): ShellCommand<World> | undefined;
}

/** Declares a command. Flags and the number of operands are right when `run` is called. */
export function declareFor<World>() {
  return <const Flags extends FlagDeclarations = Record<never, never>>(
    declaration: Declaration<World, Flags>,
  ): ShellCommand<World> => {
    const { name, flags, operands = [], verbatim = false } = declaration;
    return {
      ...declaration,
      aliases: declaration.aliases ?? [],
      flags: flags ?? {},
      operands,
      verbatim,
      connected: declaration.connected ?? false,
      run({ words, ...call }) {
        const taken = verbatim ? { values: {}, operands: words } : takeFlags(name, flags ?? {}, words);
        checkCount(name, operands, taken.operands.length);
        return declaration.run({
          ...call,
          flags: taken.values as FlagValues<Flags>,
          operands: taken.operands,
        });
      },
    };
  };
}

/** `get [flags] REMOTE…` */
export function usageOf({
  name,
  flags,
  operands,
}: Pick<ShellCommand, "name" | "flags" | "operands">): string {
  const words = operands.map(operandSyntax);
  return [name, ...(Object.keys(flags).length > 0 ? ["[flags]"] : []), ...words].join(" ");
}

function operandSyntax({ name, count }: Operand): string {
  const repeated = count === "some" || count === "any" ? `${name}…` : name;
  return count === "optional" || count === "any" ? `[${repeated}]` : repeated;
}

function checkCount(name: string, operands: readonly Operand[], given: number): void {
  const needed = operands.filter(({ count }) => count === "one" || count === "some");
  const most = operands.some(({ count }) => count === "some" || count === "any")
    ? Number.POSITIVE_INFINITY
    : operands.length;
  const missing = needed[given];
  if (given < needed.length && missing !== undefined) {
    throw usageError(`${name} needs ${missing.name}. See \`help ${name}\``);
  }
  if (given > most) {
    const takes = most === 0 ? "nothing" : operands.map(operandSyntax).join(" ");
    throw usageError(`${name} takes ${takes}: ${given - most} too many. See \`help ${name}\``);
  }
}

/** A command has failed, and has said so itself. */
export class AlreadyTold extends Error {
  override readonly name = "AlreadyTold";
}

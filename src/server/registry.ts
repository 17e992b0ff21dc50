/** Finds the declaration of a verb; HELP, FEAT and the documentation are read from here. */
import type { Command, CommandBook } from "./command.js";

export class Registry implements CommandBook {
  readonly all: readonly Command[];
  readonly #byVerb = new Map<string, Command>();
  readonly #firstWords = new Set<string>();

  /** @throws Error when two declarations claim one verb. */
  constructor(commands: readonly Command[]) {
    this.all = commands;
    for (const command of commands) {
      for (const verb of [command.verb, ...(command.aliases ?? [])]) {
        if (this.#byVerb.has(verb)) throw new Error(`two commands are called ${verb}`);
        this.#byVerb.set(verb, command);
        const space = verb.indexOf(" ");
        if (space !== -1) this.#firstWords.add(verb.slice(0, space));
      }
    }
  }

  find(verb: string): Command | undefined {
    return this.#byVerb.get(verb);
  }

  /** Whether verbs of two words begin with it. */
  hasSecondWords(verb: string): boolean {
    return this.#firstWords.has(verb);
  }

  below(verb: string): Command[] {
    return this.all.filter((command) => command.verb.startsWith(`${verb} `));
  }
}

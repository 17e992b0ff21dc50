/** Finds the declaration of a verb; HELP, FEAT and the documentation are read from here. */
import type { Command } from "./command.js";

export class Registry {
  readonly commands: readonly Command[];
  readonly #byVerb = new Map<string, Command>();
  readonly #firstWords = new Set<string>();

  /** @throws Error when two declarations claim one verb. */
  constructor(commands: readonly Command[]) {
    this.commands = commands;
    for (const command of commands) {
      for (const verb of [command.verb, ...(command.aliases ?? [])]) {
        if (this.#byVerb.has(verb)) throw new Error(`two commands are called ${verb}`);
        this.#byVerb.set(verb, command);
        const space = verb.indexOf(" ");
        if (space !== -1) this.#firstWords.add(verb.slice(0, space));
      }
    }
  }

  /** By verb in upper case; `SITE CHMOD` for what is said behind SITE. */
  find(verb: string): Command | undefined {
    return this.#byVerb.get(verb);
  }

  /** Whether verbs of two words begin with it. */
  hasSecondWords(verb: string): boolean {
    return this.#firstWords.has(verb);
  }

  /** What can be said behind a verb such as SITE. */
  below(verb: string): Command[] {
    return this.commands.filter((command) => command.verb.startsWith(`${verb} `));
  }
}

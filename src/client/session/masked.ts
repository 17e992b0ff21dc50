/** What of a command, and of what is said about it, anybody may read. */
import type { Reply } from "../../protocol/reply.js";
import { showAs } from "../shown-reply.js";

/** Verbs whose argument nobody may see. */
const SECRET = /^(?:PASS|ACCT|ADAT)$/i;
const SECRET_SITE = /^(?:PSWD|PASS|CHPASS|PASSWD|AUTH|GPASS)\b/i;

/**
 * Characters of a secret that is looked for in every reply. A shorter one would be found in every number and half of
 * all words, and where all its places are masked the mask itself tells it: it is looked for behind its own command.
 */
const LONG_ENOUGH = 3;

/** A server may repeat what it was given, at once or at any time later. */
export class Secrets {
  /** Longest first: one may be part of another. */
  #said: readonly string[] = [];
  /** Whether the last command was a secret one: its replies hold nothing that the client has to read. */
  #behind = false;

  /** What will be said, as the wire has it: a server may know it from a session before. */
  constructor(known: readonly string[] = []) {
    for (const secret of known) this.#remember(secret);
  }

  /** A command that is being sent, as the wire has it. @returns What traces show of it */
  sent(verb: string, argument: string | undefined): string {
    this.#behind = argument !== undefined && isSecret(verb, argument);
    if (argument === undefined) return verb;
    if (!this.#behind) return `${verb} ${hidden(argument, this.#foundIn([argument]))}`;
    const words = /^SITE$/i.test(verb) ? argument.split(" ").slice(1) : [argument];
    for (const word of words) this.#remember(word);
    return `${verb} ****`;
  }

  /** The reply that the client goes on with; `shownReply` has from now on what may be shown of it. */
  heard(reply: Reply<number>): Reply<number> {
    const found = this.#foundIn(reply.lines);
    if (found.length === 0) return reply;
    const [first, ...rest] = reply.lines;
    const lines = [hidden(first, found), ...rest.map((line) => hidden(line, found))] as const;
    const shown: Reply<number> = { code: reply.code, lines };
    if (this.#behind) return shown;
    showAs(reply, shown);
    return reply;
  }

  #foundIn(lines: readonly string[]): string[] {
    return this.#said.filter(
      (secret) =>
        (this.#behind || secret.length >= LONG_ENOUGH) && lines.some((line) => line.includes(secret)),
    );
  }

  #remember(secret: string): void {
    if (secret === "" || this.#said.includes(secret)) return;
    this.#said = [...this.#said, secret].sort((one, other) => other.length - one.length);
  }
}

function hidden(line: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, "****"), line);
}

function isSecret(verb: string, argument: string): boolean {
  return SECRET.test(verb) || (/^SITE$/i.test(verb) && SECRET_SITE.test(argument));
}

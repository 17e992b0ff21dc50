/** What of a command, and of what is said about it, anybody may read. */
import type { Reply } from "../../protocol/reply.js";

/** Verbs whose argument nobody may see. */
const SECRET = /^(?:PASS|ACCT|ADAT)$/i;
const SECRET_SITE = /^(?:PSWD|PASS|CHPASS|PASSWD|AUTH|GPASS)\b/i;

/** As traces show it. */
export function masked(verb: string, argument: string | undefined): string {
  if (argument === undefined) return verb;
  return `${verb} ${isSecret(verb, argument) ? "****" : argument}`;
}

/**
 * A server may repeat what it was given. Only replies to secret commands, one behind the other, are looked at: in
 * others a short password would be found in numbers that we need.
 */
export class Secrets {
  readonly #said = new Set<string>();

  /** A command that is being sent, as the wire has it. */
  sent(verb: string, argument = ""): void {
    if (!isSecret(verb, argument)) return this.#said.clear();
    const words = /^SITE$/i.test(verb) ? argument.split(" ").slice(1) : [argument];
    for (const word of words) if (word !== "") this.#said.add(word);
  }

  without(reply: Reply<number>): Reply<number> {
    if (this.#said.size === 0) return reply;
    const secrets = [...this.#said].sort((one, other) => other.length - one.length);
    const hide = (line: string): string =>
      secrets.reduce((text, secret) => text.replaceAll(secret, "****"), line);
    const [first, ...rest] = reply.lines;
    return { code: reply.code, lines: [hide(first), ...rest.map(hide)] };
  }
}

function isSecret(verb: string, argument: string): boolean {
  return SECRET.test(verb) || (/^SITE$/i.test(verb) && SECRET_SITE.test(argument));
}

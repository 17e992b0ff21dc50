/** `.netrc`, as ftp(1) and curl read it: who logs in where. */

export interface NetrcEntry {
  readonly login?: string | undefined;
  readonly password?: string | undefined;
  readonly account?: string | undefined;
}

/**
 * The first entry for this host, and for this user where one is named; `default` is for every host.
 * Never throws: what is not understood is passed over.
 */
export function findNetrcEntry(text: string, host: string, user: string | undefined): NetrcEntry | undefined {
  for (const { machine, entry } of entriesOf(new Words(text))) {
    const here = machine === undefined || machine.toLowerCase() === host.toLowerCase();
    const theirs = user === undefined || entry.login === undefined || entry.login === user;
    if (here && theirs) return entry;
  }
  return undefined;
}

interface Listed {
  /** Undefined for `default`. */
  readonly machine: string | undefined;
  readonly entry: NetrcEntry;
}

function entriesOf(words: Words): Listed[] {
  const listed: Listed[] = [];
  let entry: { -readonly [key in keyof NetrcEntry]: NetrcEntry[key] } = {};
  for (let keyword = words.keyword(); keyword !== undefined; keyword = words.keyword()) {
    if (keyword === "machine" || keyword === "default") {
      entry = {};
      listed.push({ machine: keyword === "machine" ? (words.value() ?? "") : undefined, entry });
    } else if (keyword === "login" || keyword === "password" || keyword === "account") {
      entry[keyword] = words.value();
    }
  }
  return listed;
}

class Words {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next one that is no comment and no macro, which goes on to an empty line. */
  keyword(): string | undefined {
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      const { bare } = word;
      if (bare === "macdef") this.#skip(/.*?(?:\n[ \t\r]*\n|$)/sy);
      else if (bare?.startsWith("#") === true) this.#skip(/[^\n]*/y);
      else return bare ?? word.quoted;
    }
    return undefined;
  }

  /** A value may begin with "#", and may be in quotation marks with backslashes in it, as in curl's. */
  value(): string | undefined {
    const { bare, quoted } = this.#next() ?? {};
    return bare ?? quoted?.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
  }

  #next(): { readonly quoted: string | undefined; readonly bare: string | undefined } | undefined {
    WORD.lastIndex = this.#at;
    const found = WORD.exec(this.#text);
    if (found === null) return undefined;
    this.#at = WORD.lastIndex;
    return { quoted: found[1], bare: found[2] };
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    this.#at += what.exec(this.#text)?.[0].length ?? 0;
  }
}

const WORD = /\s*(?:"((?:[^"\\\n]|\\.)*)"?|([^\s"]\S*))/sy;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

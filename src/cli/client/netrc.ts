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
      if (word.startsWith("#")) this.#skip(/[^\n]*/y);
      else if (word === "macdef") this.#skip(/.*?(?:\n[ \t\r]*\n|$)/sy);
      else return word;
    }
    return undefined;
  }

  /** A value may begin with "#", and may be in quotation marks with backslashes in it, as in curl's. */
  value(): string | undefined {
    const word = this.#next();
    if (word?.startsWith('"') !== true) return word;
    return word
      .replace(/^"|(?<!\\)"$/g, "")
      .replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
  }

  #next(): string | undefined {
    WORD.lastIndex = this.#at;
    const [whole, word] = WORD.exec(this.#text) ?? [];
    this.#at += whole?.length ?? 0;
    return word;
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    this.#at += what.exec(this.#text)?.[0].length ?? 0;
  }
}

const WORD = /\s*("(?:[^"\\\n]|\\.)*"?|[^\s"]\S*)/sy;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

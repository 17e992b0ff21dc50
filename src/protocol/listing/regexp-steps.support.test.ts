/**
 * Counts the steps of regular expressions, where a clock would only tell how busy the machine is: while `countSteps`
 * runs, each match is made by a plain backtracking matcher too, which must find the same as V8 does.
 */
import assert from "node:assert/strict";

/** Goes on with the rest of the pattern from there; whether that matched. */
type Rest = (at: number) => boolean;
type Matcher = (at: number, rest: Rest) => boolean;

interface Quantifier {
  readonly least: number;
  readonly most: number;
  readonly lazy: boolean;
}

/** Steps that the regular expressions used by `work` take. */
export function countSteps(work: () => void): number {
  const { exec } = RegExp.prototype;
  let steps = 0;
  RegExp.prototype.exec = function (this: RegExp, text: string): RegExpExecArray | null {
    const from = this.lastIndex;
    RegExp.prototype.exec = exec;
    try {
      const found = exec.call(this, text);
      const run = new Run(this, String(text));
      assert.equal(run.match(this.global || this.sticky ? from : 0), found?.[0], `${this} of ${text}`);
      steps += run.steps;
      return found;
    } finally {
      RegExp.prototype.exec = counting;
    }
  };
  const counting = RegExp.prototype.exec;
  try {
    work();
  } finally {
    RegExp.prototype.exec = exec;
  }
  return steps;
}

/** One match: the pattern is read and made of matchers, which count each look at a character. */
class Run {
  steps = 0;
  readonly #source: string;
  readonly #text: string;
  readonly #sticky: boolean;
  readonly #flags: string;
  readonly #groups: (string | undefined)[] = [];
  #position = 0;
  #opened = 0;

  constructor(pattern: RegExp, text: string) {
    this.#source = pattern.source;
    this.#text = text;
    this.#sticky = pattern.sticky;
    this.#flags = pattern.ignoreCase ? "i" : "";
  }

  match(from: number): string | undefined {
    const whole = this.#alternatives();
    assert.equal(this.#position, this.#source.length, `cannot read ${this.#source}`);
    // V8 looks for a pattern that begins with ^ at the beginning only.
    const last = this.#sticky || this.#source.startsWith("^") ? from : this.#text.length;
    for (let start = from; start <= last; start++) {
      let end: number | undefined;
      const done = whole(start, (at) => {
        end = at;
        return true;
      });
      if (done) return this.#text.slice(start, end);
    }
    return undefined;
  }

  #alternatives(): Matcher {
    const all = [this.#sequence()];
    while (this.#take("|")) all.push(this.#sequence());
    return all.length === 1 ? (all[0] as Matcher) : (at, rest) => all.some((one) => one(at, rest));
  }

  #sequence(): Matcher {
    const parts: Matcher[] = [];
    while (this.#position < this.#source.length && !/[|)]/.test(this.#source[this.#position] as string)) {
      parts.push(this.#term());
    }
    return parts.reduceRight<Matcher>(
      (later, one) => (at, rest) => one(at, (next) => later(next, rest)),
      (at, rest) => rest(at),
    );
  }

  #term(): Matcher {
    if (this.#take("^")) return (at, rest) => this.#step() && at === 0 && rest(at);
    if (this.#take("$")) return (at, rest) => this.#step() && at === this.#text.length && rest(at);
    if (this.#take("(?=")) {
      const inner = this.#closed(this.#alternatives());
      return (at, rest) => inner(at, () => true) && rest(at);
    }
    if (this.#take("(?:")) return this.#repeated(this.#closed(this.#alternatives()), this.#quantifier());
    if (this.#take("(")) return this.#group();
    const reference = this.#taken(/\\(\d)/y);
    if (reference !== undefined) return this.#backReference(Number(reference[1]));
    const unit = this.#taken(/\[(?:\\.|[^\]\\])*\]|\\.|\./y)?.[0] ?? escaped(this.#taken(/./y)?.[0] ?? "");
    return this.#characters(new RegExp(`^${unit}$`, this.#flags), this.#quantifier());
  }

  #group(): Matcher {
    const number = ++this.#opened;
    const inner = this.#closed(this.#alternatives());
    const noting: Matcher = (at, rest) =>
      inner(at, (end) => {
        const before = this.#groups[number];
        this.#groups[number] = this.#text.slice(at, end);
        if (rest(end)) return true;
        this.#groups[number] = before;
        return false;
      });
    return this.#repeated(noting, this.#quantifier());
  }

  #backReference(number: number): Matcher {
    return (at, rest) => {
      const said = this.#groups[number] ?? "";
      return this.#step() && this.#text.startsWith(said, at) && rest(at + said.length);
    };
  }

  /** Single characters: counted one by one, and given back one by one. */
  #characters(unit: RegExp, { least, most, lazy }: Quantifier): Matcher {
    assert.ok(!lazy, "lazy quantifiers are not known here");
    return (from, rest) => {
      let at = from;
      while (at - from < most && this.#step() && unit.test(this.#text[at] ?? "")) at++;
      for (; at - from >= least; at--) if (this.#step() && rest(at)) return true;
      return false;
    };
  }

  #repeated(one: Matcher, { least, most, lazy }: Quantifier): Matcher {
    assert.ok(!lazy, "lazy quantifiers are not known here");
    const more =
      (times: number): Matcher =>
      (at, rest) => {
        this.#step();
        const again = times < most && one(at, (next) => next > at && more(times + 1)(next, rest));
        return again || (times >= least && rest(at));
      };
    return more(0);
  }

  #quantifier(): Quantifier {
    const found = this.#taken(/(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y);
    if (found === undefined) return { least: 1, most: 1, lazy: false };
    const [, sign, least = "", comma, most = "", lazy] = found;
    const bounds =
      sign === undefined
        ? [Number(least), comma === "" ? Number(least) : most === "" ? Infinity : Number(most)]
        : [sign === "+" ? 1 : 0, sign === "?" ? 1 : Infinity];
    return { least: bounds[0] as number, most: bounds[1] as number, lazy: lazy === "?" };
  }

  #closed(inner: Matcher): Matcher {
    assert.ok(this.#take(")"), `cannot read ${this.#source}`);
    return inner;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  #taken(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#source);
    if (found === null) return undefined;
    this.#position += found[0].length;
    return found;
  }

  #step(): true {
    this.steps++;
    return true;
  }
}

function escaped(character: string): string {
  return /[\w\s"'<>=,;:@#%&!~`-]/.test(character) ? character : `\\${character}`;
}

/** What the doctor says: for people as it is found, and then what to change, the weightiest first. */
import type { Terminal } from "../terminal.js";
import { wrapped } from "../wrapped.js";
import type { Finding, Side, TroubleFinding } from "./finding.js";
import type { Probe, Section } from "./probe.js";

export interface Summary {
  readonly ok: number;
  readonly notes: number;
  readonly problems: number;
  /** Those that were not tried included. */
  readonly unknown: number;
  /** The whole in one sentence. */
  readonly text: string;
}

export function summaryOf(findings: readonly Finding[], interrupted = false): Summary {
  const count = (kind: Finding["kind"]): number => findings.filter((finding) => finding.kind === kind).length;
  const [ok, notes, problems, unknown] = [count("ok"), count("note"), count("problem"), count("unknown")];
  const found =
    problems > 0
      ? `${problems} ${problems === 1 ? "problem" : "problems"}${notes > 0 ? `, ${notes} worth knowing` : ""}`
      : notes > 0
        ? `Nothing is wrong; ${notes} worth knowing`
        : "Nothing is wrong";
  const text = interrupted ? `Interrupted. So far: ${found}` : found;
  return { ok, notes, problems, unknown, text: `${text}.` };
}

/** Problems and notes that say what to change; the weightiest first, problems before notes. */
export function inOrderOfWeight(findings: readonly Finding[]): TroubleFinding[] {
  const troubles = findings.filter((finding): finding is TroubleFinding => "weight" in finding);
  const rank = ({ kind, weight }: TroubleFinding): number => (kind === "problem" ? 1000 : 0) + weight;
  return troubles.sort((one, other) => rank(other) - rank(one));
}

interface Marks {
  readonly ok: string;
  readonly note: string;
  readonly problem: string;
  readonly unknown: string;
}

const UTF8_MARKS: Marks = { ok: "✓", note: "!", problem: "✗", unknown: "?" };
const ASCII_MARKS: Marks = { ok: "ok", note: " !", problem: " x", unknown: " ?" };
const COLOURS: Readonly<Record<Finding["kind"], number>> = { ok: 32, note: 33, problem: 31, unknown: 90 };

const SIDES: Readonly<Record<Side, string>> = {
  server: "On the server",
  client: "On your side",
  network: "In the network between",
};

const NARROWEST = 40;
const WIDEST = 100;

/** Writes to a terminal's output. */
export class Report {
  readonly #terminal: Pick<Terminal, "output" | "environment">;
  readonly #coloured: boolean;
  readonly #marks: Marks;
  readonly #width: number;
  readonly #lively: boolean;
  #section: Section | undefined;
  /** Whether the cursor's line says what is examined now. */
  #waiting = false;

  constructor(terminal: Pick<Terminal, "output" | "environment">) {
    const { output, environment } = terminal;
    this.#terminal = terminal;
    this.#lively = output.isTTY === true && environment.TERM !== "dumb";
    this.#coloured = this.#lively && (environment.NO_COLOR ?? "") === "";
    this.#marks = speaksUtf8(environment) ? UTF8_MARKS : ASCII_MARKS;
    this.#width = Math.max(NARROWEST, Math.min(output.columns ?? WIDEST, WIDEST));
  }

  /** On a terminal: what may take a while, until something is found. */
  begin({ title }: Pick<Probe, "title">): void {
    if (!this.#lively) return;
    this.#erase();
    this.#terminal.output.write(`  ${this.#paint(`... ${title}`.slice(0, this.#width - 3), 90)}\r`);
    this.#waiting = true;
  }

  heading(url: string): void {
    this.#line(this.#bold(url));
  }

  finding(finding: Finding, { section }: Pick<Probe, "section">): void {
    // A list of all that was not tried would hide the one thing that is wrong.
    if (finding.kind === "unknown" && finding.leftOut === true) return;
    if (section !== this.#section) {
      this.#section = section;
      this.#line("");
      this.#line(this.#bold(section));
    }
    const mark = this.#marks[finding.kind];
    const first = `  ${this.#paint(mark, COLOURS[finding.kind])} `;
    const indent = " ".repeat(mark.length + 3);
    const text = finding.kind === "unknown" ? `${finding.text}: not known, ${finding.cause}` : finding.text;
    const [head = "", ...more] = wrapped(text, this.#width - indent.length);
    this.#line(first + head);
    for (const line of more) this.#line(indent + line);
    if ("evidence" in finding && finding.evidence !== undefined) {
      for (const line of wrapped(finding.evidence, this.#width - indent.length))
        this.#line(indent + this.#paint(line, 90));
    }
  }

  conclusion(findings: readonly Finding[], summary: Summary): void {
    const troubles = inOrderOfWeight(findings).filter(({ change }) => change.length > 0);
    if (troubles.length > 0) {
      this.#line("");
      this.#line(this.#bold("What to change"));
    }
    const said = new Set<string>();
    for (const [n, { text, cause, change, kind }] of troubles.entries()) {
      const number = `${String(n + 1).padStart(3)}. `;
      this.#block(number, text, (line) => this.#paint(line, COLOURS[kind]));
      this.#block("     ", cause);
      const advice = change.map(({ side, what }) => `${SIDES[side]}: ${what}`);
      const fresh = advice.filter((each) => !said.has(each));
      for (const each of fresh.length > 0 ? fresh : ["As above."]) this.#block("     - ", each);
      for (const each of advice) said.add(each);
    }
    const leftOut = findings.filter((finding) => finding.kind === "unknown" && finding.leftOut === true);
    if (leftOut.length > 0) {
      this.#line("");
      const titles = leftOut.map(({ text }) => text).join("; ");
      this.#block("", `Not tried after that: ${titles}.`);
    }
    this.#line("");
    this.#line(this.#bold(summary.text));
  }

  #block(first: string, text: string, paint: (line: string) => string = (line) => line): void {
    const indent = " ".repeat(first.length);
    for (const [n, line] of wrapped(text, this.#width - indent.length).entries()) {
      this.#line((n === 0 ? first : indent) + paint(line));
    }
  }

  #erase(): void {
    if (this.#waiting) this.#terminal.output.write("\u001b[K");
    this.#waiting = false;
  }

  #line(text: string): void {
    this.#erase();
    this.#terminal.output.write(`${text}\n`);
  }

  #bold(text: string): string {
    return this.#coloured ? `\u001b[1m${text}\u001b[0m` : text;
  }

  #paint(text: string, colour: number): string {
    return this.#coloured ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

/** As the C library decides it: the first of these that is set (POSIX 8.2). */
function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: Terminal["environment"]): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}

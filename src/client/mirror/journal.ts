/**
 * What a mirror plans and has done, in a file: one JSON value in each line. The first says whose plan it is, then
 * come the actions, then `planned`; from then on each line tells of one action. A line that was broken off at the
 * end is not there; a plan that was broken off is none.
 */

import { appendFileSync, closeSync, createReadStream, openSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { FtpLocalError } from "../errors.js";
import { linkedPath } from "../tree/tree.js";
import { isSafeName } from "../verbs/names.js";
import type { MirrorAction, MirrorOptions } from "./options.js";

const VERSION = 1;
/** Bytes: about four million actions. */
const LARGEST = 1024 * 1024 * 1024;
/** Lines of a plan that are written at once. */
const TOGETHER = 1000;

/** What a source was when its transfer began: what there is of it on the other side is of this. */
export interface Begun {
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

/** What an earlier run left. */
export interface Unfinished {
  readonly plan: readonly MirrorAction[];
  readonly done: ReadonlySet<number>;
  readonly begun: ReadonlyMap<number, Begun>;
}

type Line =
  | { readonly ferry: "mirror"; readonly version: number; readonly of: string }
  | { readonly action: MirrorAction & { readonly failed?: string } }
  | { readonly planned: number }
  | { readonly done: number }
  | { readonly begun: number; readonly size: number; readonly modified: number };

/** What the plan depends on. Another one of these and the journal is another mirror's. */
export function identityOf(origin: string, o: MirrorOptions): string {
  const { direction, remote, compare = "time", include, exclude, symlinks = "skip" } = o;
  const parts = [origin, direction, remote, resolve(o.local), compare, o.delete === true, symlinks];
  return JSON.stringify([...parts, include ?? null, exclude ?? null]);
}

/** What an earlier run left; a sentence that says why it cannot be used; undefined when there was none. */
export async function readJournal(path: string, identity: string): Promise<Unfinished | string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST) return "the journal is too long to be one";
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FtpLocalError("the journal cannot be read", { phase: "command", cause });
  }
  const reader = new JournalReader(identity);
  const input = createReadStream(path, { encoding: "utf8" });
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const objection = reader.take(line);
      if (objection === "broken-off") break;
      if (objection !== undefined) return objection;
    }
  } finally {
    input.destroy();
  }
  return reader.result();
}

class JournalReader {
  readonly #identity: string;
  readonly #plan: MirrorAction[] = [];
  readonly #done = new Set<number>();
  readonly #begun = new Map<number, Begun>();
  #state: "empty" | "planning" | "planned" = "empty";

  constructor(identity: string) {
    this.#identity = identity;
  }

  /** Why it cannot be used; "broken-off" for a line that is not whole, behind which nothing counts. */
  take(text: string): string | undefined {
    const line = parsed(text);
    if (line === undefined) return this.#state === "planned" ? "broken-off" : CORRUPTED;
    if (this.#state === "empty") {
      if (!("ferry" in line) || line.version !== VERSION) return CORRUPTED;
      if (line.of !== this.#identity) return "the journal is of another mirror";
      this.#state = "planning";
    } else if (this.#state === "planning") {
      if ("action" in line) this.#plan.push(restored(line.action));
      else if ("planned" in line && line.planned === this.#plan.length) this.#state = "planned";
      else return CORRUPTED;
    } else if ("done" in line && this.#has(line.done)) this.#done.add(line.done);
    else if ("begun" in line && this.#has(line.begun)) this.#begun.set(line.begun, line);
    else return CORRUPTED;
    return undefined;
  }

  result(): Unfinished | string {
    if (this.#state !== "planned") return "the mirror before was broken off while it was being planned";
    return { plan: this.#plan, done: this.#done, begun: this.#begun };
  }

  #has(index: number): boolean {
    return index in this.#plan;
  }
}

const CORRUPTED = "the journal cannot be understood";

/** A journal is a file that anybody may have written to: only what has the right shape counts. */
function parsed(text: string): Line | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof line !== "object" || line === null) return undefined;
  if ("ferry" in line) return line.ferry === "mirror" ? (line as Line) : undefined;
  if ("action" in line) return isAction(line.action) ? (line as Line) : undefined;
  if ("begun" in line) return numbers(line, ["begun", "size", "modified"]) ? (line as Line) : undefined;
  if ("done" in line) return numbers(line, ["done"]) ? (line as Line) : undefined;
  return "planned" in line && numbers(line, ["planned"]) ? (line as Line) : undefined;
}

function numbers(line: object, names: readonly string[]): boolean {
  return names.every((name) => Number.isFinite((line as Record<string, unknown>)[name]));
}

const KINDS: Readonly<Record<MirrorAction["kind"], true>> = {
  list: true,
  "make-directory": true,
  transfer: true,
  link: true,
  remove: true,
  "remove-directory": true,
};

function isAction(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, path, reason, size, modified, grain, replaces, target, like, failed } = value as Record<
    string,
    unknown
  >;
  const text = (found: unknown) => found === undefined || typeof found === "string";
  const number = (found: unknown) => found === undefined || Number.isFinite(found);
  return (
    typeof kind === "string" &&
    kind in KINDS &&
    typeof reason === "string" &&
    isInside(path, kind) &&
    (kind !== "link" || linkedPath(path, typeof target === "string" ? target : undefined) !== undefined) &&
    [size, modified, grain, replaces].every(number) &&
    (like === undefined || isInside(like, kind)) &&
    [target, failed].every(text)
  );
}

/** Whoever wrote the journal: nothing is done outside of the folder. */
function isInside(path: unknown, kind: string): path is string {
  if (typeof path !== "string" || path === "") return false;
  if (kind === "list") return true;
  return path.split("/").every((part) => isSafeName(part));
}

function restored({ failed, ...action }: MirrorAction & { readonly failed?: string }): MirrorAction {
  return failed === undefined ? action : { ...action, error: new Error(failed) };
}

/** A journal that is being written. What it was told outlives the end of the process at once. */
export class Journal {
  readonly #path: string;
  readonly #descriptor: number;
  #failure: FtpLocalError | undefined;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** Begins a new one, with the plan. @throws FtpLocalError */
  static begin(path: string, identity: string, plan: readonly MirrorAction[]): Journal {
    const journal = new Journal(path, opened(path));
    const lines: Line[] = [{ ferry: "mirror", version: VERSION, of: identity }];
    for (const { error, ...action } of plan) {
      lines.push({ action: error === undefined ? action : { ...action, failed: error.message } });
      if (lines.length >= TOGETHER) journal.#write(...lines.splice(0));
    }
    journal.#write(...lines, { planned: plan.length });
    journal.check();
    return journal;
  }

  /** Goes on with one, which is written anew: its last line may be broken off. @throws FtpLocalError */
  static continue(path: string, identity: string, { plan, done, begun }: Unfinished): Journal {
    const journal = Journal.begin(path, identity, plan);
    for (const index of done) journal.done(index);
    for (const [index, what] of begun) journal.begun(index, what);
    return journal;
  }

  done(index: number): void {
    this.#write({ done: index });
  }

  begun(index: number, { size, modified }: Begun): void {
    this.#write({ begun: index, size, modified });
  }

  /** @throws FtpLocalError when something could not be written: a later run would do it again */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** `keep`: for a later run. */
  close({ keep }: { readonly keep: boolean }): void {
    closeSync(this.#descriptor);
    if (!keep) rmSync(this.#path, { force: true });
  }

  #write(...lines: readonly Line[]): void {
    try {
      // A line costs microseconds, and the kernel has it whatever becomes of us.
      appendFileSync(this.#descriptor, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    } catch (cause) {
      // Told by `check`: whoever reports progress is in no place to fail.
      this.#failure ??= unwritable(cause);
    }
  }
}

function opened(path: string): number {
  try {
    return openSync(path, "w", 0o600);
  } catch (cause) {
    throw unwritable(cause);
  }
}

function unwritable(cause: unknown): FtpLocalError {
  return new FtpLocalError("the journal cannot be written", { phase: "command", cause });
}

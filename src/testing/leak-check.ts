/**
 * Finds what a test left open: sockets, servers, timers, descriptors, and whatever the caller counts. At the top
 * of a test file, or in a `describe`:
 *
 * ```ts
 * const leaks = leakCheck();
 * leaks.register("port leases", () => ports.leased);
 * ```
 *
 * From then on each test fails that leaves something. Tests must run one after the other, as they do unless
 * `concurrency` is set, and what lives as long as the file must be opened before the first of them.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, beforeEach } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";

/** Turns of the event loop in which closing sockets, freed handles and settled promises are waited for. */
const TURNS = 20;
/** Then so many milliseconds, with pauses that grow. */
const PATIENCE = 2000;
const LONGEST_PAUSE = 100;

export interface LeakCheckOptions {
  /** How long things may take to go, in milliseconds, beyond some turns of the event loop. */
  readonly patience?: number;
}

/** Registers hooks of node:test around every test of the file, or of the `describe` that it is called in. */
export function leakCheck(o: LeakCheckOptions = {}): LeakCheck {
  const check = new LeakCheck(o);
  beforeEach(() => check.begin());
  afterEach(() => check.end());
  return check;
}

/** Where hooks do not fit: `begin` before, `end` after. */
export class LeakCheck {
  readonly #patience: number;
  readonly #counters = new Map<string, () => number>();
  #before: ReadonlyMap<string, number> = new Map();

  constructor({ patience = PATIENCE }: LeakCheckOptions = {}) {
    this.#patience = patience;
  }

  /** Something else that must come back to the number that it was. */
  register(name: string, count: () => number): void {
    this.#counters.set(name, count);
  }

  begin(): void {
    this.#before = this.#count();
  }

  /** @throws Error that lists what is left. */
  async end(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) {
      if (this.left().length === 0) return;
      await setImmediate();
    }
    const deadline = Date.now() + this.#patience;
    for (let pause = 1; Date.now() < deadline; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (this.left().length === 0) return;
      await setTimeout(pause);
    }
    const left = this.left();
    if (left.length > 0) throw new Error(`the test left something open:\n${left.join("\n")}`);
  }

  /** What is there now and was not at {@link begin}. */
  left(): string[] {
    const found: string[] = [];
    for (const [what, now] of this.#count()) {
      const before = this.#before.get(what) ?? 0;
      if (now > before) found.push(before === 0 ? `${now} × ${what}` : `${now} × ${what}, ${before} before`);
    }
    return found;
  }

  #count(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    for (const resource of process.getActiveResourcesInfo()) add(resource);
    for (const descriptor of openDescriptors()) add(descriptor);
    for (const [name, count] of this.#counters) counts.set(name, count());
    return counts;
  }
}

/** What the descriptors of this process stand for, where the system tells. */
function openDescriptors(): string[] {
  let numbers: string[];
  try {
    numbers = readdirSync("/proc/self/fd");
  } catch {
    return [];
  }
  return numbers.flatMap((number) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${number}`);
      // The event loop makes these for itself and keeps them.
      return target.startsWith("anon_inode:") ? [] : [`descriptor of ${target}`];
    } catch {
      // The one that read the directory.
      return [];
    }
  });
}

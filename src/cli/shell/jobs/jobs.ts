/** The jobs behind the prompt. */
import { durationText } from "../../client/quantities.js";
import { escapeHostile } from "../line/escapes.js";
import type { Job, JobState } from "./job.js";

/** Milliseconds; what was quicker needs no time told. */
const WORTH_TELLING = 1000;

export class Jobs {
  readonly #jobs = new Map<number, Job>();
  readonly #note: (line: string) => void;
  #last = 0;

  /** @param note Writes a line above the one that is being typed. */
  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  get running(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** The one that was put here last, without a number. */
  find(id?: number): Job | undefined {
    return id === undefined ? this.running.at(-1) : this.#jobs.get(id);
  }

  /** Makes it a job with a number, and says so when it ends, unless it is in the foreground then. */
  add(job: Job): number {
    if (job.id !== undefined) return job.id;
    // Numbers begin again when there are none, as in shells.
    const id = this.#jobs.size === 0 ? 1 : this.#last + 1;
    this.#last = id;
    job.id = id;
    this.#jobs.set(id, job);
    void job.ended.then((state) => {
      this.#jobs.delete(id);
      if (job.place === "background") this.#note(endLine(id, job, state));
    });
    return id;
  }

  /** Resolves when none is left. */
  async allEnded(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all(this.running.map(({ ended }) => ended));
  }

  stopAll(reason: unknown): void {
    for (const job of this.running) job.stop(reason);
  }
}

/** `[1] done: get big.iso (0:12)` */
function endLine(id: number, job: Job, state: JobState): string {
  const time = job.age >= WORTH_TELLING ? ` (${durationText(job.age)})` : "";
  return `[${id}] ${state}: ${escapeHostile(job.text)}${time}`;
}

/** `[1] get big.iso  12.3 MiB of 700 MiB, 1.2 MiB/s` */
export function jobLine(job: Job): string {
  const progress = job.progress();
  const age = durationText(job.age);
  return `[${job.id ?? "-"}] ${escapeHostile(job.text)}  ${progress === "" ? age : `${progress}, ${age}`}`;
}

/** Lines that are done one after the other, behind the prompt. */
import type { Job } from "./job.js";

/** A line that can be begun later, where the shell was when it was typed. */
export interface Prepared {
  readonly text: string;
  begin(): Job;
  /** It will not be begun. */
  cancel(): void;
}

export class Queue {
  #waiting: Prepared[] = [];
  #running: Job | undefined;
  #stopped = false;

  get waiting(): readonly Prepared[] {
    return this.#waiting;
  }

  get running(): Job | undefined {
    return this.#running;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  add(line: Prepared): void {
    this.#waiting.push(line);
    this.#next();
  }

  start(): void {
    this.#stopped = false;
    this.#next();
  }

  /** What runs is finished; nothing else begins. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes out the one at this place, from 1, or all. */
  remove(place?: number): void {
    const removed = place === undefined ? this.#waiting.splice(0) : this.#waiting.splice(place - 1, 1);
    for (const line of removed) line.cancel();
  }

  /** Resolves when nothing runs and nothing can begin. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.ended;
  }

  #next(): void {
    if (this.#running !== undefined || this.#stopped) return;
    const job = this.#waiting.shift()?.begin();
    if (job === undefined) return;
    this.#running = job;
    void job.ended.then(() => {
      this.#running = undefined;
      this.#next();
    });
  }
}

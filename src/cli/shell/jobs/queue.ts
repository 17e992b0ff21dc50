/** Lines that are done one after the other, behind the prompt. */
import type { Job } from "./job.js";

export class Queue {
  readonly #begin: (text: string) => Job;
  #waiting: string[] = [];
  #running: Job | undefined;
  #stopped = false;

  /** @param begin Begins a job behind the prompt */
  constructor(begin: (text: string) => Job) {
    this.#begin = begin;
  }

  get waiting(): readonly string[] {
    return this.#waiting;
  }

  get running(): Job | undefined {
    return this.#running;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  add(text: string): void {
    this.#waiting.push(text);
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

  /** Takes out the one at this place, from 1, or all. @returns what was taken out */
  remove(place?: number): readonly string[] {
    if (place === undefined) return this.#waiting.splice(0);
    return this.#waiting.splice(place - 1, 1);
  }

  /** Resolves when nothing runs and nothing can begin. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.ended;
  }

  #next(): void {
    if (this.#running !== undefined || this.#stopped) return;
    const text = this.#waiting.shift();
    if (text === undefined) return;
    const job = this.#begin(text);
    this.#running = job;
    void job.ended.then(() => {
      this.#running = undefined;
      this.#next();
    });
  }
}

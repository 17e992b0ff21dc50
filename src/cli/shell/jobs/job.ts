/** One line of commands while it runs: in the foreground, or behind the prompt. */

export type JobState = "running" | "done" | "failed" | "stopped";
export type JobPlace = "foreground" | "background";

export class Job {
  /** As it was typed. */
  readonly text: string;
  readonly began = performance.now();
  /** Resolves when it has ended, however that was; never rejects. */
  readonly ended: Promise<JobState>;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #end: (state: JobState) => void = () => {};
  #state: JobState = "running";
  #place: JobPlace;
  /** What it is doing, in a few words, while it runs. */
  progress: () => string = () => "";
  /** Under which `jobs` lists it; undefined as long as it was in the foreground only. */
  id: number | undefined;

  constructor(text: string, place: JobPlace) {
    this.text = text;
    this.#place = place;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get state(): JobState {
    return this.#state;
  }

  get place(): JobPlace {
    return this.#place;
  }

  /** Milliseconds since it began. */
  get age(): number {
    return performance.now() - this.began;
  }

  /** Calls back whenever it is moved. */
  onMoved(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  move(place: JobPlace): void {
    if (this.#place === place) return;
    this.#place = place;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Ends its work as soon as the server lets it. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Told once, by whoever runs it. */
  finish(state: Exclude<JobState, "running">): void {
    if (this.#state !== "running") return;
    this.#state = state;
    this.#end(state);
  }
}

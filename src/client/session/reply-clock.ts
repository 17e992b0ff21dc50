/** The deadlines of a session's replies, one after the other, by one timer that goes round. */
import { LONGEST_TIMEOUT } from "../../connection/deadline.js";

export class ReplyClock {
  readonly #late: () => void;
  #timer: NodeJS.Timeout | undefined;
  #timeout = 0;
  /** False while whoever waits has all the time in the world. */
  #running = false;

  /** `late`: called when the time of the last start is over, whether or not somebody waits still. */
  constructor(late: () => void) {
    this.#late = late;
  }

  /** Milliseconds from now; more than a timer can wait is no deadline. Ends the one before. */
  start(timeout: number): void {
    this.#running = timeout <= LONGEST_TIMEOUT;
    if (!this.#running) return;
    if (this.#timer !== undefined && timeout === this.#timeout) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timeout = timeout;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#running) this.#late();
    }, timeout);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A pool that is used by a shell and by its jobs, and is closed when the last of them has let go of it. */
import type { FtpPool } from "../../../client/pool.js";
import { closeSoon } from "../../client/connection.js";
import type { Job } from "../jobs/job.js";

export class SharedPool {
  readonly pool: FtpPool;
  readonly #jobs = new WeakSet<Job>();
  #holds = 0;

  constructor(pool: FtpPool) {
    this.pool = pool;
  }

  /** The returned function lets go; it resolves when nothing is left to be closed. */
  hold(): () => Promise<void> {
    this.#holds++;
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      this.#holds--;
      if (this.#holds === 0) await closeSoon(this.pool);
    };
  }

  /** Until the job has ended. */
  holdFor(job: Job): void {
    if (this.#jobs.has(job)) return;
    this.#jobs.add(job);
    void job.ended.then(this.hold());
  }
}

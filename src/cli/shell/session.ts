/** A shell while it lives: what its commands share, and how lines are run. */
import { type Paint, painter } from "../client/colours.js";
import { CliError, interrupted } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { COMMANDS } from "./commands/index.js";
import { endsByFailure, perform, runStatement, statementsOf } from "./interpreter.js";
import { Job } from "./jobs/job.js";
import { JobOutput } from "./jobs/job-output.js";
import { Jobs } from "./jobs/jobs.js";
import { type Prepared, Queue } from "./jobs/queue.js";
import { escapeHostile } from "./line/escapes.js";
import { LocalPlace } from "./local-place.js";
import type { ShellOutput } from "./output.js";
import { Remote } from "./remote/remote.js";
import { Settings, type SettingValues } from "./settings.js";
import type { Shell } from "./shell.js";
import type { HistoryFile } from "./terminal/history-file.js";
import type { Keyboard } from "./terminal/keyboard.js";
import type { Screen } from "./terminal/screen.js";

export interface SessionOptions {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly settings: SettingValues;
  readonly history: HistoryFile;
  /** Of a person at a prompt. */
  readonly keyboard: Keyboard | undefined;
}

export class ShellSession implements Shell {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly remote: Remote;
  readonly local: LocalPlace;
  readonly settings: Settings;
  readonly jobs: Jobs;
  readonly queue = new Queue();
  readonly aliases = new Map<string, string>();
  readonly history: HistoryFile;
  readonly commands = COMMANDS;
  readonly paint: Paint;
  readonly #keyboard: Keyboard | undefined;
  #current: Job | undefined;
  #leaving = false;
  readonly #abandoned = new AbortController();
  /** Whether a job behind the prompt has failed. */
  #jobFailed = false;
  /** While a program or a question has the terminal: what Ctrl-C is for, beside it. */
  #lent: (() => void) | undefined;

  constructor({ terminal, screen, settings, history, keyboard }: SessionOptions) {
    this.terminal = terminal;
    this.screen = screen;
    this.settings = new Settings(settings);
    this.history = history;
    this.local = new LocalPlace(terminal.workingDirectory, terminal.home);
    this.paint = painter(terminal);
    this.remote = new Remote((line) => screen.note(`ferry: ${line}`));
    this.jobs = new Jobs((line) => {
      if (this.interactive) screen.note(line);
    });
    this.#keyboard = keyboard;
  }

  get interactive(): boolean {
    return this.#keyboard !== undefined;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  leave(): void {
    this.#leaving = true;
  }

  stay(): void {
    this.#leaving = false;
  }

  /** Does a line in the foreground; whether it succeeded. @throws CliError after an interruption of a script */
  async runLine(line: string, where = ""): Promise<boolean> {
    let succeeded = true;
    for (const statement of statementsOf(line, where)) {
      const job = new Job(statement.text, "foreground");
      succeeded = await this.#attended(job, (out) =>
        runStatement(statement, { shell: this, job, out, where, followed: [] }),
      );
      if (this.#leaving || (!succeeded && endsByFailure({ shell: this, where }))) break;
    }
    return succeeded;
  }

  /** Ctrl-C: stops what is in the foreground. */
  interrupt(): void {
    if (this.#lent !== undefined) this.#lent();
    else this.#current?.stop(interrupted());
  }

  /** Aborted by a signal that ends all. */
  get abandoned(): AbortSignal {
    return this.#abandoned.signal;
  }

  /** A signal that ends all. */
  abandon(): void {
    this.leave();
    this.#abandoned.abort();
    this.queue.stop();
    this.jobs.stopAll(interrupted());
    this.#current?.stop(interrupted());
  }

  /** Some work in the foreground that no line has asked for. */
  async runWork(text: string, work: (job: Job) => Promise<boolean>): Promise<boolean> {
    const job = new Job(text, "foreground");
    return await this.#attended(job, () => work(job));
  }

  /** Resolves when nothing is left behind the prompt; whether all of it succeeded. */
  async jobsDone(): Promise<boolean> {
    if (this.abandoned.aborted) throw interrupted();
    do {
      await this.jobs.allEnded();
      await this.queue.idle();
    } while (this.jobs.running.length > 0);
    if (this.abandoned.aborted) throw interrupted();
    return !this.#jobFailed;
  }

  /** Stops what still runs, and says goodbye. */
  async close(): Promise<void> {
    this.queue.remove();
    this.jobs.stopAll(interrupted());
    await this.jobs.allEnded();
    await this.remote.close();
  }

  prepare(text: string, where = "", from: Shell = this): Prepared {
    const shell = this.#forked(from);
    const release = (): Promise<void> => shell.remote.close();
    return {
      text,
      cancel: () => void release(),
      begin: () => {
        const job = new Job(text, "background");
        this.jobs.add(job);
        void job.ended.then((state) => {
          if (state !== "done") this.#jobFailed = true;
        });
        void this.#execute(job, (out) => perform(text, { shell, job, out, where, followed: [] })).then(
          release,
        );
        return job;
      },
    };
  }

  /** With directories of its own, and the rest shared. */
  #forked(from: Shell): Shell {
    const { terminal, screen, settings, jobs, queue, aliases, history, commands, paint, interactive } = this;
    const fork: Shell = {
      ...{ terminal, screen, settings, jobs, queue, aliases, history, commands, paint, interactive },
      remote: from.remote.fork(),
      local: from.local.fork(),
      attend: (job) => this.attend(job),
      prepare: (text, where) => this.prepare(text, where, fork),
      lend: (work, onInterrupt) => this.lend(work, onInterrupt),
      // A job cannot end the shell.
      leave: () => {},
      leaving: false,
      abandoned: this.abandoned,
    };
    return fork;
  }

  async lend<T>(work: () => T | Promise<T>, onInterrupt: () => void = () => {}): Promise<T> {
    if (this.#keyboard === undefined || this.#lent !== undefined) return await work();
    this.#lent = onInterrupt;
    try {
      return await this.#keyboard.lend(work);
    } finally {
      this.#lent = undefined;
      this.screen.beginLine();
    }
  }

  async #attended(job: Job, work: (out: ShellOutput) => Promise<boolean>): Promise<boolean> {
    const attended = this.attend(job);
    // Only now: what it does at once, such as `fg`, takes the keys over from it.
    void this.#execute(job, work);
    const state = await attended;
    if (state === "stopped" && !this.interactive) throw interrupted();
    return state === "done" || state === "running";
  }

  /** Keeps a job in the foreground until it ends, or is moved behind the prompt. */
  async attend(job: Job): Promise<Job["state"]> {
    const before = this.#current;
    this.#current = job;
    job.move("foreground");
    this.#giveKeys(job);
    try {
      await Promise.race([job.ended, movedAway(job)]);
      if (job.state === "running") {
        const id = this.jobs.add(job);
        this.screen.note(`[${id}] goes on in the background: ${escapeHostile(job.text)}`);
      }
      return job.state;
    } finally {
      this.#current = before;
      // `fg` and what follows it in the same line has them again.
      if (before?.state === "running" && before.place === "foreground") this.#giveKeys(before);
      else this.#keyboard?.forNobody();
    }
  }

  #giveKeys(job: Job): void {
    this.#keyboard?.forCommand({
      interrupt: () => job.stop(interrupted()),
      suspend: () => job.move("background"),
    });
  }

  /** Never rejects: whatever happens is told, and is the end of the job. */
  async #execute(job: Job, work: (out: ShellOutput) => Promise<boolean>): Promise<void> {
    const out = new JobOutput(job, this.screen);
    try {
      job.finish((await work(out)) ? "done" : "failed");
    } catch (error) {
      if (!job.signal.aborted) this.#tell(error);
      job.finish(job.signal.aborted ? "stopped" : "failed");
    } finally {
      out.end();
    }
  }

  #tell(error: unknown): void {
    if (error instanceof CliError) {
      this.screen.note(escapeHostile(error.message));
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.screen.note(`ferry: unexpected error: ${escapeHostile(message)} (FERRY_DEBUG=1 shows where)`);
    if (this.terminal.debugging && error instanceof Error) this.screen.note(error.stack ?? "");
  }
}

function movedAway(job: Job): Promise<void> {
  return new Promise((resolve) => {
    const forget = job.onMoved(() => {
      if (job.place !== "background") return;
      forget();
      resolve();
    });
    void job.ended.then(forget);
  });
}

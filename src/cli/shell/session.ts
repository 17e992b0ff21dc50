/** A shell while it lives: what its commands share, and how lines are run. */
import { readFile } from "node:fs/promises";
import { decodeText, printable } from "../../protocol/text.js";
import { type Paint, painter } from "../client/colours.js";
import { clientOptions } from "../client/connection.js";
import type { RemotePlace } from "../client/places.js";
import { CliError, failure, interrupted, systemReason } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { COMMANDS } from "./commands/index.js";
import { Interpreter, statementsOf } from "./interpreter.js";
import { Job } from "./jobs/job.js";
import { JobOutput } from "./jobs/job-output.js";
import { Jobs } from "./jobs/jobs.js";
import { Queue } from "./jobs/queue.js";
import { escapeHostile } from "./line/escapes.js";
import type { Statement } from "./line/parser.js";
import { LocalPlace } from "./local-place.js";
import type { ShellOutput } from "./output.js";
import { securityText, shownServer } from "./remote/described.js";
import { Remote } from "./remote/remote.js";
import { Settings, type SettingValues } from "./settings.js";
import type { Shell } from "./shell.js";
import type { HistoryFile } from "./terminal/history-file.js";
import type { Keyboard } from "./terminal/keyboard.js";
import { type Screen, screenTerminal } from "./terminal/screen.js";

export interface SessionOptions {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly settings: SettingValues;
  readonly history: HistoryFile;
  /** Of a person at a prompt. */
  readonly keyboard: Keyboard | undefined;
}

/** Sessions that one command uses at once, when nothing is said. */
const PARALLEL = 4;

export class ShellSession implements Shell {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly remote: Remote;
  readonly local: LocalPlace;
  readonly settings: Settings;
  readonly jobs: Jobs;
  readonly queue: Queue;
  readonly aliases = new Map<string, string>();
  readonly history: HistoryFile;
  readonly commands = COMMANDS;
  readonly paint: Paint;
  readonly #keyboard: Keyboard | undefined;
  readonly #interpreter: Interpreter;
  #current: Job | undefined;
  #leaving = false;
  #abandoned = false;
  /** Whether a job behind the prompt has failed. */
  #jobFailed = false;
  /** Whether a program has the terminal. */
  #lent = false;

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
    this.queue = new Queue((text) => this.begin(text));
    this.#keyboard = keyboard;
    this.#interpreter = new Interpreter(this);
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
      succeeded = statement.background
        ? this.#beginStatement(statement, where)
        : await this.#foreground(statement, where);
      if (this.#leaving) break;
    }
    return succeeded;
  }

  /** Ctrl-C: stops what is in the foreground. */
  interrupt(): void {
    if (!this.#lent) this.#current?.stop(interrupted());
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** A signal that ends all. */
  abandon(): void {
    this.#abandoned = true;
    this.leave();
    this.queue.stop();
    this.jobs.stopAll(interrupted());
    this.#current?.stop(interrupted());
  }

  /** Some work in the foreground that no line has asked for. */
  async runWork(text: string, work: (job: Job) => Promise<boolean>): Promise<boolean> {
    const job = new Job(text, "foreground");
    void this.#execute(job, () => work(job));
    return await this.#attended(job);
  }

  /** Resolves when nothing is left behind the prompt; whether all of it succeeded. */
  async jobsDone(): Promise<boolean> {
    if (this.#abandoned) throw interrupted();
    do {
      await this.jobs.allEnded();
      await this.queue.idle();
    } while (this.jobs.running.length > 0);
    if (this.#abandoned) throw interrupted();
    return !this.#jobFailed;
  }

  /** Stops what still runs, and says goodbye. */
  async close(): Promise<void> {
    this.queue.remove();
    this.jobs.stopAll(interrupted());
    await this.jobs.allEnded();
    await this.remote.close();
  }

  begin(text: string): Job {
    const job = new Job(text, "background");
    this.#addJob(job);
    void this.#execute(job, (out) => this.perform(text, job, out));
    return job;
  }

  async perform(text: string, job: Job, out: ShellOutput, where = ""): Promise<boolean> {
    let succeeded = true;
    for (const statement of statementsOf(text, where)) {
      if (statement.background) succeeded = this.#beginStatement(statement, where);
      else succeeded = await this.#interpreter.run(statement, { job, out, where, followed: [] });
    }
    return succeeded;
  }

  async performFile(path: string, job: Job, out: ShellOutput): Promise<boolean> {
    let text: string;
    try {
      text = decodeText(await readFile(path));
    } catch (error) {
      throw failure(`cannot read ${escapeHostile(path)}: ${systemReason(error)}`, error);
    }
    let succeeded = true;
    for (const [at, line] of text.split(/\r?\n/).entries()) {
      succeeded = await this.perform(line, job, out, `${escapeHostile(path)}:${at + 1}: `);
      if (!succeeded && this.settings.values.failExit !== false) return false;
    }
    return succeeded;
  }

  async connect(place: RemotePlace, signal: AbortSignal): Promise<void> {
    const { parallel = PARALLEL, ...flags } = this.settings.values;
    const terminal = screenTerminal(this.terminal, this.screen);
    const options = await this.lend(() => clientOptions(place, flags, terminal));
    const { user, password } = options;
    const login = user === undefined ? {} : { user, ...(password !== undefined && { password }) };
    const target = {
      // One more than a command uses: while jobs run there is one for what is typed next.
      options: { ...options, connections: parallel + 1 },
      place: { ...place, url: { ...place.url, ...login } },
      shown: shownServer(place, user),
    };
    await this.remote.open(target, signal);
    if (!this.interactive) return;
    const security = await this.remote
      .sessions({ place: "foreground" })
      .run((client) => client.security, { signal });
    const said = securityText(security, user !== undefined);
    if (said !== undefined) this.screen.note(said);
  }

  async reconnect(signal: AbortSignal): Promise<void> {
    const { target, directory } = this.remote;
    if (target === undefined) return;
    await this.connect(
      { ...target.place, path: directory, url: { ...target.place.url, path: directory } },
      signal,
    );
  }

  async lend<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#keyboard === undefined || this.#lent) return await work();
    this.#lent = true;
    try {
      return await this.#keyboard.lend(work);
    } finally {
      this.#lent = false;
    }
  }

  #beginStatement(statement: Statement, where: string): boolean {
    const job = new Job(statement.text, "background");
    const id = this.#addJob(job);
    if (this.interactive) this.screen.note(`[${id}] ${escapeHostile(statement.text)}`);
    void this.#execute(job, (out) => this.#interpreter.run(statement, { job, out, where, followed: [] }));
    return true;
  }

  async #foreground(statement: Statement, where: string): Promise<boolean> {
    const job = new Job(statement.text, "foreground");
    void this.#execute(job, (out) => this.#interpreter.run(statement, { job, out, where, followed: [] }));
    return await this.#attended(job);
  }

  #addJob(job: Job): number {
    void job.ended.then((state) => {
      if (state !== "done") this.#jobFailed = true;
    });
    return this.jobs.add(job);
  }

  async #attended(job: Job): Promise<boolean> {
    const state = await this.attend(job);
    if (state === "stopped" && !this.interactive) throw interrupted();
    return state === "done" || state === "running";
  }

  /** Keeps a job in the foreground until it ends, or is moved behind the prompt. */
  async attend(job: Job): Promise<Job["state"]> {
    const before = this.#current;
    this.#current = job;
    job.move("foreground");
    this.#keyboard?.forCommand({
      interrupt: () => job.stop(interrupted()),
      suspend: () => job.move("background"),
    });
    try {
      await Promise.race([job.ended, movedAway(job)]);
      if (job.state === "running") {
        const id = this.jobs.add(job);
        this.screen.note(`[${id}] goes on in the background: ${escapeHostile(job.text)}`);
      }
      return job.state;
    } finally {
      this.#current = before;
      this.#keyboard?.forNobody();
    }
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
    this.screen.note(`ferry: unexpected error: ${printable(message)} (FERRY_DEBUG=1 shows where)`);
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

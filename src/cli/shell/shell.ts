/** What commands of the shell see of it; and how one is declared: see declaration.ts. */
import type { Paint } from "../client/colours.js";
import type { Terminal } from "../terminal.js";
import { type ShellCommand as AnyShellCommand, type CommandBook, declareFor } from "./declaration.js";
import type { Job } from "./jobs/job.js";
import type { Jobs } from "./jobs/jobs.js";
import type { Prepared, Queue } from "./jobs/queue.js";
import type { LocalPlace } from "./local-place.js";
import type { Remote } from "./remote/remote.js";
import type { Settings } from "./settings.js";
import type { HistoryFile } from "./terminal/history-file.js";
import type { Screen } from "./terminal/screen.js";

export type ShellCommand = AnyShellCommand<Shell>;

export interface Shell {
  readonly terminal: Terminal;
  readonly screen: Screen;
  readonly remote: Remote;
  readonly local: LocalPlace;
  readonly settings: Settings;
  readonly jobs: Jobs;
  readonly queue: Queue;
  /** Short names for lines. */
  readonly aliases: Map<string, string>;
  readonly history: HistoryFile;
  readonly commands: CommandBook<Shell>;
  readonly paint: Paint;
  /** Whether a person types at a prompt. */
  readonly interactive: boolean;
  /** Keeps a job in the foreground until it ends, or is moved behind the prompt. */
  attend(job: Job): Promise<Job["state"]>;
  /** A line for behind the prompt, with the directories that are this shell's now. */
  prepare(text: string, where?: string): Prepared;
  /** Lets a program or a question have the terminal. `onInterrupt`: what Ctrl-C is for, beside them. */
  lend<T>(work: () => T | Promise<T>, onInterrupt?: () => void): Promise<T>;
  /** Ends the shell when the command that runs is done. */
  leave(): void;
  readonly leaving: boolean;
  /** Aborted by a signal that ends all. */
  readonly abandoned: AbortSignal;
}

/** Declares a command: see declaration.ts. */
export const defineShellCommand = declareFor<Shell>();

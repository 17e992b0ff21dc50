/** What a command sees of the process that it runs in, so that tests can give it another. */
export interface Terminal {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
  readonly environment: Environment;
  /** Relative paths are seen from here. */
  readonly workingDirectory: string;
  /** The user's own folder. */
  readonly home: string;
  /** Where what is made once is kept: $XDG_STATE_HOME/ferry, or ~/.local/state/ferry. */
  readonly stateDirectory: string;
  /** Where what the user chose is kept: $XDG_CONFIG_HOME/ferry, or ~/.config/ferry. */
  readonly configurationDirectory: string;
  /** Whether stacks of unexpected errors are wanted (FERRY_DEBUG). */
  readonly debugging: boolean;
  /** Calls back for SIGTERM, SIGINT and SIGHUP from now on; the returned function ends that. */
  onSignals(listener: (signal: StopSignal | "SIGHUP") => void): () => void;
  /** Calls back from now on when Ctrl-Z stops the process; the returned function ends that. */
  onSuspend(listener: SuspendListener): () => void;
  /** As Ctrl-Z does it, where raw mode makes no signal of it. Returns when the process goes on. */
  suspend(): void;
  /** Whether a shell has given us its terminal: what a job behind its prompt draws would tear what is typed there. */
  readonly inForeground: boolean;
}

export interface SuspendListener {
  /** Before it stops. */
  suspended(): void;
  /** It goes on, before or behind the shell's prompt. Called again when it is only brought to the front. */
  resumed(): void;
}

export type StopSignal = "SIGTERM" | "SIGINT";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface TerminalInput extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean;
  /** Of the file descriptor, which programs that we start read from. */
  readonly fd?: number;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  removeListener(event: "end", listener: () => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface TerminalOutput {
  readonly isTTY?: boolean;
  /** Of the file descriptor, where the log goes without a stream between. */
  readonly fd?: number;
  /** Characters in a line of a terminal. */
  readonly columns?: number;
  /** Lines of a terminal. */
  readonly rows?: number;
  /** Aborted when nothing can be written any more; the reason is the system's error, EPIPE when the reader has gone. */
  readonly failed: AbortSignal;
  write(chunk: string | Uint8Array): unknown;
  /** Resolves when little waits to be written, at once as a rule; rejects with the reason of `failed`. */
  drained(): Promise<void>;
  /** Calls back when `columns` or `rows` have changed; the returned function ends that. */
  onResize(listener: () => void): () => void;
}

/** What a command sees of the process that it runs in, so that tests can give it another. */
export interface Terminal {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
  /** Relative paths are seen from here. */
  readonly workingDirectory: string;
  /** Where what is made once is kept: $XDG_STATE_HOME/ferry, or ~/.local/state/ferry. */
  readonly stateDirectory: string;
  /** Whether stacks of unexpected errors are wanted (FERRY_DEBUG). */
  readonly debugging: boolean;
  /** Calls back for SIGTERM, SIGINT and SIGHUP from now on; the returned function ends that. */
  onSignals(listener: (signal: StopSignal | "SIGHUP") => void): () => void;
}

export type StopSignal = "SIGTERM" | "SIGINT";

export interface TerminalInput extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeAllListeners(): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface TerminalOutput {
  readonly isTTY?: boolean;
  /** Of the file descriptor, where the log goes without a stream between. */
  readonly fd?: number;
  /** Of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
  write(text: string): unknown;
}

/** A terminal for tests: what a command reads, what it wrote, and signals sent by hand. */
import { PassThrough } from "node:stream";
import type { Environment, StopSignal, SuspendListener, Terminal, TerminalOutput } from "./terminal.js";

export interface FakeTerminal extends Terminal {
  readonly input: PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  /** What was written to stdout and stderr. */
  out(): string;
  err(): string;
  /** Resolves when stdout holds so many lines. */
  lines(count: number): Promise<string[]>;
  signal(signal: StopSignal | "SIGHUP"): void;
  /** `fg`, behind Ctrl-Z, or {@link Terminal.suspend}. */
  resume(): void;
  readonly suspendListeners: number;
  inForeground: boolean;
}

export interface FakeOptions {
  readonly workingDirectory?: string;
  /** What the command reads: the end follows. */
  readonly input?: string;
  /** Keeps the input open, and says that it is a terminal. */
  readonly isTTY?: boolean;
  /** Where the log goes. */
  readonly logDescriptor?: number;
  readonly debugging?: boolean;
  readonly environment?: Environment;
  /** Says that what is written goes to a terminal of so many columns. */
  readonly columns?: number;
}

export function fakeTerminal(o: FakeOptions = {}): FakeTerminal {
  const input: FakeTerminal["input"] = new PassThrough();
  if (o.isTTY === true) {
    input.isTTY = true;
    input.setRawMode = () => input;
  } else {
    input.end(o.input ?? "");
  }
  const output = recorder(o.columns);
  const errors = recorder(o.columns);
  let deliver: (signal: StopSignal | "SIGHUP") => void = () => {};
  const suspended = new Set<SuspendListener>();
  return {
    input,
    output,
    errors: { ...errors, ...(o.logDescriptor !== undefined && { fd: o.logDescriptor }) },
    environment: o.environment ?? {},
    workingDirectory: o.workingDirectory ?? "/",
    home: o.workingDirectory ?? "/nonexistent",
    // Tests keep what is made where they work.
    stateDirectory: `${o.workingDirectory ?? ""}/state`,
    configurationDirectory: `${o.workingDirectory ?? "/nonexistent"}/configuration`,
    debugging: o.debugging ?? false,
    onSignals(listener) {
      deliver = listener;
      return () => {
        deliver = () => {};
      };
    },
    onSuspend(listener) {
      suspended.add(listener);
      return () => void suspended.delete(listener);
    },
    suspend() {
      for (const each of suspended) each.suspended();
    },
    resume() {
      for (const each of suspended) each.resumed();
    },
    get suspendListeners() {
      return suspended.size;
    },
    inForeground: true,
    out: () => output.text(),
    err: () => errors.text(),
    lines: (count) => output.lines(count),
    signal: (signal) => deliver(signal),
  };
}

interface Recorder extends TerminalOutput {
  text(): string;
  lines(count: number): Promise<string[]>;
}

function recorder(columns?: number): Recorder {
  let written = "";
  const waiting = new Set<() => void>();
  return {
    ...(columns !== undefined && { isTTY: true, columns }),
    failed: new AbortController().signal,
    drained: async () => {},
    onResize: () => () => {},
    write(chunk) {
      written += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      for (const look of waiting) look();
    },
    text: () => written,
    lines: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          const lines = written.split("\n").slice(0, -1);
          if (lines.length < count) return;
          waiting.delete(look);
          resolve(lines);
        };
        waiting.add(look);
        look();
      }),
  };
}

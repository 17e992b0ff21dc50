#!/usr/bin/env node
/** The `ferry` command. Nothing but this file touches the process. */
import { homedir } from "node:os";
import { join } from "node:path";
import { escapeHostile } from "../protocol/text.js";
import { errorLine, failure, OutputError, systemCode } from "./errors.js";
import { runProgram } from "./program.js";
import { StandardOutput } from "./standard-output.js";
import { isInForeground, Suspension } from "./suspension.js";
import type { Terminal } from "./terminal.js";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** process.cwd() throws when the folder was deleted under the shell that starts us. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw failure("the current folder does not exist any more: change to another one", error);
  }
}

/** A container may run us as a user who has no entry in /etc/passwd, and no HOME: there it is "/", as in a shell. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}

const debugging = process.env.FERRY_DEBUG !== undefined;

/** The specification has relative ones ignored. */
function baseDirectory(variable: string, ...usual: string[]): string {
  const chosen = process.env[variable];
  return join(chosen?.startsWith("/") ? chosen : join(homeFolder(), ...usual), "ferry");
}

const output = new StandardOutput(process.stdout);
const errors = new StandardOutput(process.stderr);

const suspension = new Suspension({
  on: (signal, listener) => process.on(signal, listener),
  removeListener: (signal, listener) => process.removeListener(signal, listener),
  raise: (signal) => process.kill(process.pid, signal),
});

const terminal: Terminal = {
  get input() {
    return process.stdin;
  },
  output,
  errors,
  environment: process.env,
  get workingDirectory() {
    return currentFolder();
  },
  home: homeFolder(),
  stateDirectory: baseDirectory("XDG_STATE_HOME", ".local", "state"),
  configurationDirectory: baseDirectory("XDG_CONFIG_HOME", ".config"),
  debugging,
  onSuspend: (listener) => suspension.add(listener),
  suspend: () => suspension.suspend(),
  get inForeground() {
    return isInForeground();
  },
  onSignals(listener) {
    const listeners = SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
    for (const [signal, each] of listeners) process.on(signal, each);
    return () => {
      for (const [signal, each] of listeners) process.removeListener(signal, each);
    };
  },
};

process.on("uncaughtException", (error: unknown) => {
  const message = escapeHostile(error instanceof Error ? error.message : String(error));
  process.stderr.write(`ferry: fatal: ${message} (FERRY_DEBUG=1 shows where)\n`);
  if (debugging && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

const argv = process.argv.slice(2);
const exitCode = await runProgram(argv, terminal);
// Pipes are written behind our back on some systems, and what a command leaves open must not keep the process.
// After Ctrl-C nobody waits for a reader that does not read.
if (exitCode !== 130) await output.flushed();
const lost = exitCode === 0 && output.failed.aborted && systemCode(output.failed.reason) !== "EPIPE";
if (lost) errors.write(errorLine(new OutputError(output.failed.reason), { json: argv.includes("--json") }));
await errors.flushed();
process.exit(lost ? 1 : exitCode);

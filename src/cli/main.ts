#!/usr/bin/env node
/** The `ferry` command. Nothing but this file touches the process. */
import { homedir } from "node:os";
import { join } from "node:path";
import { printable } from "../protocol/text.js";
import { failure } from "./errors.js";
import { runProgram } from "./program.js";
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

const debugging = process.env.FERRY_DEBUG !== undefined;

// The specification has relative ones ignored.
const stateHome = process.env.XDG_STATE_HOME?.startsWith("/") ? process.env.XDG_STATE_HOME : "";

const terminal: Terminal = {
  get input() {
    return process.stdin;
  },
  output: process.stdout,
  errors: process.stderr,
  get workingDirectory() {
    return currentFolder();
  },
  stateDirectory: join(stateHome === "" ? join(homedir(), ".local", "state") : stateHome, "ferry"),
  debugging,
  onSignals(listener) {
    const listeners = SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
    for (const [signal, each] of listeners) process.on(signal, each);
    return () => {
      for (const [signal, each] of listeners) process.removeListener(signal, each);
    };
  },
};

// Whoever read us is gone (`ferry user list | head`); that is no reason for a stack trace.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

process.on("uncaughtException", (error: unknown) => {
  const message = printable(error instanceof Error ? error.message : String(error));
  process.stderr.write(`ferry: fatal: ${message} (FERRY_DEBUG=1 shows where)\n`);
  if (debugging && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});

const exitCode = await runProgram(process.argv.slice(2), terminal);
// Pipes are written behind our back on some systems, and what a command leaves open must not keep the process.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));

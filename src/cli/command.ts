/** What program.ts knows of each command before it loads it. */
import type { Command } from "commander";
import type { ExitCode } from "./errors.js";
import type { Terminal } from "./terminal.js";

/** Told what to wait for; its value is the process's exit code. */
export type Run = (work: Promise<ExitCode>) => Promise<void>;

/** Gives a command its arguments, flags, help and action. Its name and description are there already. */
export type DefineCommand = (command: Command, terminal: Terminal, run: Run) => void;

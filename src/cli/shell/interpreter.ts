/** From parsed lines to what they do: steps one after the other, each with its output, errors told where they happen. */
import { readFile } from "node:fs/promises";
import { decodeText } from "../../protocol/text.js";
import { CliError, failure, ReaderGone, systemReason, usageError } from "../errors.js";
import { AlreadyTold } from "./declaration.js";
import type { Job } from "./jobs/job.js";
import { FileOutput } from "./jobs/job-output.js";
import { escapeHostile } from "./line/escapes.js";
import {
  type ParsedCommand,
  parseLine,
  type Redirection,
  ShellSyntaxError,
  type Statement,
} from "./line/parser.js";
import type { Word } from "./line/tokens.js";
import { LocalProgram } from "./local-program.js";
import { asShellError } from "./messages.js";
import { nearest } from "./nearest.js";
import type { ShellOutput } from "./output.js";
import { throughProgram } from "./piped.js";
import type { Shell } from "./shell.js";

/** Aliases that stand for each other end here. */
const MOST_ALIASES = 20;
/** Files that do each other end here. */
const MOST_SOURCES = 20;
/** How deep in files each job is. */
const depths = new WeakMap<Job, number>();

/** What runs, and where it is told of. */
export interface Run {
  readonly shell: Shell;
  readonly job: Job;
  readonly out: ShellOutput;
  /** `script.ferry:12: ` before errors. */
  readonly where: string;
  /** Aliases that were followed on the way here. */
  readonly followed: readonly string[];
}

/** @throws CliError that says where, for what cannot be understood */
export function statementsOf(line: string, where = ""): Statement[] {
  try {
    return parseLine(line);
  } catch (error) {
    if (error instanceof ShellSyntaxError) throw usageError(`${where}${error.message}`);
    throw error;
  }
}

/**
 * Whether a failure is the end: what a script does next may rely on it, and nobody is there to see. What a person types
 * goes on after `;`.
 */
export function endsByFailure({ shell, where }: Pick<Run, "shell" | "where">): boolean {
  return (!shell.interactive || where !== "") && shell.settings.values.failExit !== false;
}

/** Whether a text succeeded; errors are told. @throws CliError when it cannot be understood, or was interrupted */
export async function perform(text: string, run: Run): Promise<boolean> {
  return await runAll(statementsOf(text, run.where), run);
}

async function runAll(statements: readonly Statement[], run: Run): Promise<boolean> {
  let succeeded = true;
  for (const statement of statements) {
    succeeded = await runStatement(statement, run);
    if (run.shell.leaving || (!succeeded && endsByFailure(run))) break;
  }
  return succeeded;
}

/** All lines of a file, or those before the first that fails, unless settings say otherwise. @throws CliError */
export async function performFile(path: string, run: Run): Promise<boolean> {
  let text: string;
  try {
    text = decodeText(await readFile(path));
  } catch (error) {
    throw failure(`cannot read ${escapeHostile(path)}: ${systemReason(error)}`, error);
  }
  const depth = depths.get(run.job) ?? 0;
  if (depth >= MOST_SOURCES)
    throw usageError(`${escapeHostile(path)}: files that do each other without an end`);
  depths.set(run.job, depth + 1);
  try {
    return await performLines(text.split(/\r?\n/), escapeHostile(path), run);
  } finally {
    depths.set(run.job, depth);
  }
}

async function performLines(lines: readonly string[], name: string, run: Run): Promise<boolean> {
  let succeeded = true;
  for (const [at, line] of lines.entries()) {
    succeeded = await perform(line, { ...run, where: `${name}:${at + 1}: ` });
    if (run.shell.leaving) break;
    if (!succeeded && run.shell.settings.values.failExit !== false) return false;
  }
  return succeeded;
}

/** Whether the last step that ran succeeded; what goes behind the prompt has when it has begun. */
export async function runStatement(statement: Statement, run: Run): Promise<boolean> {
  const { steps, background, text } = statement;
  if (background) {
    const { id } = run.shell.prepare(text, run.where).begin();
    if (run.shell.interactive) run.shell.screen.note(`[${id}] ${escapeHostile(text)}`);
    return true;
  }
  let end: StepEnd = "done";
  for (const { after, command } of steps) {
    if (after === "success" && end !== "done") continue;
    if (after === "failure" && end === "done") continue;
    end = await runStep(command, run);
    if (run.shell.leaving) break;
  }
  // A person has seen it; of a script nobody knew why it ended, or where.
  if (typeof end !== "string" && endsByFailure(run)) note(end.untold, run);
  return end === "done";
}

/** `untold`: it failed, and what is known of it was not told, or not where. */
type StepEnd = "done" | "told" | { readonly untold: string };

async function runStep(command: ParsedCommand, run: Run): Promise<StepEnd> {
  run.job.signal.throwIfAborted();
  try {
    if (command.kind === "local") return await runLocal(command.command, run);
    if (command.output !== undefined) return await redirected(command.words, command.output, run);
    return (await runCommand(command.words, run)) ? "done" : "told";
  } catch (error) {
    run.job.signal.throwIfAborted();
    if (error instanceof ReaderGone) return "done";
    const name = command.kind === "command" ? command.words[0].text : "!";
    if (error instanceof AlreadyTold) return run.where === "" ? "told" : { untold: `${name} failed` };
    const reported = asShellError(error, name);
    // A bug of ours.
    if (!(reported instanceof CliError)) throw reported;
    note(reported.message, run);
    return "told";
  }
}

function note(message: string, { shell, job, where }: Run): void {
  const number = job.place === "background" && job.id !== undefined ? `[${job.id}] ` : "";
  shell.screen.note(`${number}${where}${escapeHostile(message)}`);
}

async function redirected(words: readonly [Word, ...Word[]], to: Redirection, run: Run): Promise<StepEnd> {
  const { shell, job } = run;
  if (to.kind === "pipe") {
    const work = (out: ShellOutput): Promise<boolean> => runCommand(words, { ...run, out });
    const succeeded = await throughProgram({ shell, job, columns: run.out.columns }, to.command, work);
    return succeeded ? "done" : { untold: `| ${to.command}: it failed` };
  }
  const out = new FileOutput(shell.local.resolve(to.path), to.append);
  try {
    return (await runCommand(words, { ...run, out })) ? "done" : "told";
  } finally {
    await out.end();
  }
}

async function runCommand([name, ...words]: readonly [Word, ...Word[]], run: Run): Promise<boolean> {
  const { shell, job, out } = run;
  const alias = shell.aliases.get(name.text);
  if (alias !== undefined && !run.followed.includes(name.text))
    return await runAlias(name.text, alias, words, run);
  const command = shell.commands.find(name.text);
  if (command === undefined) throw unknownCommand(name.text, shell);
  if (command.connected && !shell.remote.connected) {
    throw failure(`${command.name}: not connected; open a server first, as in \`open anna@ftp.example.org\``);
  }
  const rest = words.map(({ raw }) => raw).join(" ");
  await command.run({ shell, words, rest, out, job, signal: job.signal });
  return true;
}

/** The line that it stands for, with what was typed behind it. */
async function runAlias(name: string, text: string, words: readonly Word[], run: Run): Promise<boolean> {
  if (run.followed.length >= MOST_ALIASES) throw usageError(`too many aliases lead to ${name}`);
  const line = [text, ...words.map(({ raw }) => raw)].join(" ");
  const inner = { ...run, followed: [...run.followed, name] };
  return await runAll(statementsOf(line, `${run.where}alias ${name}: `), inner);
}

async function runLocal(command: string, { shell, job, out }: Run): Promise<StepEnd> {
  const { terminal, local } = shell;
  const line = command === "" ? (terminal.environment.SHELL ?? "sh") : command;
  const o = { terminal, directory: local.directory, signal: job.signal };
  // Behind the prompt it has no terminal, as a person types there.
  const code =
    job.place === "background"
      ? await new LocalProgram(line, { ...o, reads: "nothing", out }).end()
      : await shell.lend(() => new LocalProgram(line, { ...o, reads: "terminal" }).end());
  if (code === 0) return "done";
  return { untold: `!${command}: ${code === null ? "ended by a signal" : `exit code ${code}`}` };
}

function unknownCommand(name: string, { commands, aliases }: Shell): Error {
  const known = commands.all.flatMap((each) => [each.name, ...each.aliases]);
  const meant = nearest(name, [...known, ...aliases.keys()]);
  const hint = meant === undefined ? "`help` lists them" : `did you mean ${meant}?`;
  return usageError(`there is no command ${escapeHostile(name)}: ${hint}`);
}

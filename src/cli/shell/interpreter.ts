/** From parsed lines to what they do: steps one after the other, each with its output, errors told where they happen. */
import { CliError, failure, ReaderGone, usageError } from "../errors.js";
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

/** What runs, and where it is told of. */
export interface Run {
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

export class Interpreter {
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /** Whether the last step that ran succeeded. Errors are told, and thrown no more; but for those of an interruption. */
  async run({ steps }: Pick<Statement, "steps">, run: Run): Promise<boolean> {
    let succeeded = true;
    for (const { after, command } of steps) {
      if (after === "success" && !succeeded) continue;
      if (after === "failure" && succeeded) continue;
      succeeded = await this.#step(command, run);
    }
    return succeeded;
  }

  async #step(command: ParsedCommand, run: Run): Promise<boolean> {
    run.job.signal.throwIfAborted();
    try {
      if (command.kind === "local") return await this.#local(command.command);
      if (command.output === undefined) return await this.#command(command.words, run);
      return await this.#redirected(command.words, command.output, run);
    } catch (error) {
      run.job.signal.throwIfAborted();
      if (error instanceof ReaderGone) return true;
      if (error instanceof AlreadyTold) return false;
      this.#tell(error, command, run);
      return false;
    }
  }

  #tell(error: unknown, command: ParsedCommand, { job, where }: Run): void {
    const name = command.kind === "command" ? command.words[0].text : "!";
    const reported = asShellError(error, name);
    // A bug of ours ends the shell: going on could do harm.
    if (!(reported instanceof CliError)) throw reported;
    const number = job.place === "background" && job.id !== undefined ? `[${job.id}] ` : "";
    this.#shell.screen.note(`${number}${where}${escapeHostile(reported.message)}`);
  }

  async #redirected(words: readonly [Word, ...Word[]], to: Redirection, run: Run): Promise<boolean> {
    if (to.kind === "file") {
      const out = new FileOutput(this.#shell.local.resolve(to.path), to.append);
      try {
        return await this.#command(words, { ...run, out });
      } finally {
        await out.end();
      }
    }
    const { job, out } = run;
    return await throughProgram({ shell: this.#shell, job, columns: out.columns }, to.command, (piped) =>
      this.#command(words, { ...run, out: piped }),
    );
  }

  async #command([name, ...words]: readonly [Word, ...Word[]], run: Run): Promise<boolean> {
    const alias = this.#shell.aliases.get(name.text);
    if (alias !== undefined && !run.followed.includes(name.text))
      return await this.#alias(name.text, alias, words, run);
    const command = this.#shell.commands.find(name.text);
    if (command === undefined) throw this.#unknown(name.text);
    if (command.connected && !this.#shell.remote.connected) {
      throw failure(
        `${command.name}: not connected; open a server first, as in \`open anna@ftp.example.org\``,
      );
    }
    const { job, out } = run;
    const rest = words.map(({ raw }) => raw).join(" ");
    await command.run({ shell: this.#shell, words, rest, out, job, signal: job.signal });
    return true;
  }

  /** The line that it stands for, with what was typed behind it. */
  async #alias(name: string, text: string, words: readonly Word[], run: Run): Promise<boolean> {
    if (run.followed.length >= MOST_ALIASES) throw usageError(`too many aliases lead to ${name}`);
    const line = [text, ...words.map(({ raw }) => raw)].join(" ");
    const inner = { ...run, followed: [...run.followed, name] };
    let succeeded = true;
    for (const statement of statementsOf(line, `alias ${name}: `))
      succeeded = await this.run(statement, inner);
    return succeeded;
  }

  async #local(command: string): Promise<boolean> {
    const { terminal, local } = this.#shell;
    const line = command === "" ? (terminal.environment.SHELL ?? "sh") : command;
    return await this.#shell.lend(async () => {
      const program = new LocalProgram(line, { terminal, directory: local.directory, reads: "terminal" });
      return (await program.end()) === 0;
    });
  }

  #unknown(name: string): Error {
    const { commands, aliases } = this.#shell;
    const known = commands.all.flatMap((each) => [each.name, ...each.aliases]);
    const meant = nearest(name, [...known, ...aliases.keys()]);
    const hint = meant === undefined ? "`help` lists them" : `did you mean ${meant}?`;
    return usageError(`there is no command ${escapeHostile(name)}: ${hint}`);
  }
}

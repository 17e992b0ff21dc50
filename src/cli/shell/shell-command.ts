/** `ferry shell`: the interactive client, and its scripts. */
import type { Command } from "commander";
import { shownUrl } from "../client/places.js";
import { addRemoteFlags, type RemoteFlags } from "../client/remote-flags.js";
import type { Run } from "../command.js";
import { type ExitCode, interrupted, usageError } from "../errors.js";
import { outputFailure } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { placeFrom } from "./commands/connection.js";
import { connect } from "./connecting.js";
import { Interactive } from "./interactive.js";
import { asShellError } from "./messages.js";
import { linesOf, runScript } from "./script.js";
import { ShellSession } from "./session.js";
import { HistoryFile } from "./terminal/history-file.js";
import { Keyboard } from "./terminal/keyboard.js";
import { Screen } from "./terminal/screen.js";

interface ShellFlags extends RemoteFlags {
  readonly execute?: readonly string[];
  readonly file?: string;
}

const HELP = `
Without -e and -f, lines are typed at a prompt, or read from standard input where that is no terminal. \`help\`
there lists the commands, and Tab completes them and paths.

Examples:
  ferry shell ftp://anna@ftp.example.org/docs
  ferry shell work
  ferry shell -e 'mirror -R dist /www; ls /www' ftp://anna@ftp.example.org
  ferry shell -f nightly.ferry
  echo 'get -c big.iso' | ferry shell ftp://ftp.example.org/pub

A script ends with exit code 1 where a command fails, unless it has said \`set fail-exit off\`; it waits for its jobs.`;

export function defineShell(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("[URL]", "a server, a bookmark, or the name of a host")
    .option("-e, --execute <commands>", "do these, and end; again for more", collected)
    .option("-f, --file <script>", "do the lines of a file, and end; - is standard input")
    .addHelpText("after", HELP);
  addRemoteFlags(command).action((url: string | undefined, flags: ShellFlags) =>
    run(shell(url, flags, terminal)),
  );
}

function collected(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** @throws CliError */
export async function shell(
  url: string | undefined,
  { execute, file, ...settings }: ShellFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (settings.json === true) throw usageError("--json is not for the shell: `ferry ls --json URL` is");
  const scripted = execute !== undefined || file !== undefined;
  const typed = !scripted && terminal.input.isTTY === true && terminal.output.isTTY === true;
  const screen = new Screen(terminal);
  const keyboard = typed ? new Keyboard(terminal) : undefined;
  const history = await HistoryFile.open(terminal.stateDirectory, typed);
  const session = new ShellSession({ terminal, screen, settings, history, keyboard });
  const forget = terminal.onSignals((signal) => {
    if (signal === "SIGINT" && keyboard !== undefined) session.interrupt();
    else session.abandon();
  });
  const { failed } = terminal.output;
  const onFailed = (): void => session.abandon();
  failed.addEventListener("abort", onFailed, { once: true });
  try {
    const opened = url === undefined || (await open(session, url));
    if (keyboard !== undefined) await interact(session, terminal, keyboard);
    else if (!opened || !(await runAll(session, terminal, { execute, file }))) return 1;
    if (session.abandoned.aborted) throw interrupted();
    return 0;
  } catch (error) {
    // Whatever failed then did so because of it: `ferry shell -e 'find /' | head`.
    throw failed.aborted ? outputFailure(failed.reason) : error;
  } finally {
    forget();
    failed.removeEventListener("abort", onFailed);
    keyboard?.close();
    await history.close();
    await session.close();
  }
}

/** Whether it worked; what did not is told. */
async function open(session: ShellSession, url: string): Promise<boolean> {
  return await session.runWork(`open ${url}`, async (job) => {
    const place = await placeFrom(url, session);
    try {
      await connect(session, place, job);
    } catch (error) {
      throw asShellError(error, shownUrl(place.url));
    }
    return true;
  });
}

async function interact(session: ShellSession, terminal: Terminal, keyboard: Keyboard): Promise<void> {
  const interactive = new Interactive(session, terminal, keyboard);
  try {
    await interactive.run();
  } finally {
    interactive.close();
  }
}

async function runAll(
  session: ShellSession,
  terminal: Terminal,
  {
    execute = [],
    file,
  }: { readonly execute: ShellFlags["execute"] | undefined; readonly file: string | undefined },
): Promise<boolean> {
  let succeeded = await runScript(session, execute, "");
  const input = file ?? (execute.length === 0 ? "-" : undefined);
  if (succeeded && input !== undefined && !session.leaving) {
    succeeded = await runScript(session, linesOf(input, terminal), input === "-" ? "standard input" : input);
  }
  return (await session.jobsDone()) && succeeded;
}

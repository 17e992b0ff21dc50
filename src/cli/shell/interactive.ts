/** A person at a prompt: lines are read, kept in the history, and done, until there are no more. */

import { countText } from "../client/quantities.js";
import { CliError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { complete } from "./completion/complete.js";
import { withAliases, worldOf } from "./completion/world.js";
import { promptText } from "./prompt.js";
import { isPrivate } from "./secrets.js";
import type { ShellSession } from "./session.js";
import { HISTORY_SIZE } from "./terminal/history-file.js";
import type { Keyboard } from "./terminal/keyboard.js";
import { LineEditor } from "./terminal/line-editor.js";

export class Interactive {
  readonly #session: ShellSession;
  readonly #editor: LineEditor;
  readonly #keyboard: Keyboard;
  readonly #colours: boolean;
  /** Whether the last thing said was that jobs still run, or that Ctrl-C is to be typed again. */
  #warned = false;
  #gone = false;

  constructor(session: ShellSession, terminal: Terminal, keyboard: Keyboard) {
    this.#session = session;
    this.#keyboard = keyboard;
    const directory = { name: "", type: "directory" } as const;
    this.#colours = session.paint("x", directory) !== "x";
    const world = worldOf(session);
    const commands = withAliases(session);
    this.#editor = new LineEditor({
      terminal,
      keyboard,
      screen: session.screen,
      history: session.history.lines,
      historySize: HISTORY_SIZE,
      recallable: (line) => !isPrivate(line, session),
      paint: (text, { label }) => (label.endsWith("/") ? session.paint(text, directory) : text),
      complete: (line, signal) => complete(line, world, commands, signal),
      onCleared: () => {
        this.#warned = false;
      },
    });
  }

  /** Until the person leaves, or a signal ends all. */
  async run(): Promise<void> {
    const { abandoned } = this.#session;
    abandoned.addEventListener("abort", () => this.#editor.cancel(), { once: true });
    while (!this.#gone && !abandoned.aborted) {
      this.#session.screen.finishLine();
      const typed = await this.#editor.read(() => this.#prompt());
      if (typed.kind === "line") await this.#line(typed.line);
      else if (typed.kind === "end") this.#leave("end");
      else this.#leave("interrupt");
    }
  }

  close(): void {
    this.#editor.close();
  }

  async #line(line: string): Promise<void> {
    const session = this.#session;
    if (!isPrivate(line, session)) session.history.add(line);
    try {
      await session.runLine(line);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      session.screen.note(error.message);
    }
    if (!session.leaving) this.#warned &&= line.trim() === "";
    else this.#leave("exit");
  }

  #leave(how: "exit" | "end" | "interrupt"): void {
    const { jobs, queue, screen } = this.#session;
    const running = jobs.running.length + queue.waiting.length;
    // Of a terminal that is gone nobody can be asked.
    if (this.#warned || this.#keyboard.ended || (how !== "interrupt" && running === 0)) {
      this.#gone = true;
      return;
    }
    this.#warned = true;
    this.#session.stay();
    if (running > 0) {
      screen.note(
        `${countText(running, "job is", "jobs are")} not done: \`wait\` waits; the same again stops them`,
      );
    } else screen.note("Ctrl-C again, or Ctrl-D, leaves");
  }

  #prompt(): string {
    const { remote, jobs } = this.#session;
    return promptText(
      { shown: remote.target?.shown, directory: remote.directory, jobs: jobs.running.length },
      this.#colours,
    );
  }
}

/** A real terminal: tmux draws it, and tells what is on its screen. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Milliseconds; far more than anything here takes. */
const PATIENCE = 20_000;
/** Milliseconds between two looks: tmux tells nobody when its screen changes. */
const BETWEEN = 30;

export interface TmuxOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export class Tmux implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs a program; afterwards the terminal shows `[ended CODE]`. */
  static async start(command: readonly string[], o: TmuxOptions = {}): Promise<Tmux> {
    const { columns = 80, rows = 24, env = {}, cwd = tmpdir() } = o;
    // The path of a socket is to be short.
    const tmux = new Tmux(mkdtempSync(join(tmpdir(), "ferry-tmux-")));
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const line = `${command.map(quoted).join(" ")}; echo "[ended $?]"; exec sleep 1000`;
    const size = ["-x", String(columns), "-y", String(rows)];
    await tmux.#tmux("new-session", "-d", ...size, "-c", cwd, ...variables, line);
    return tmux;
  }

  /** As a person types: `Enter`, `Tab`, `C-c`, `Up` and other names of tmux are keys; all else is text. */
  async keys(...keys: readonly string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
  }

  /** What is on the screen, without spaces and lines at its end. `colours`: with escape sequences. */
  async screen({ colours = false } = {}): Promise<string> {
    const text = await this.#tmux("capture-pane", "-p", ...(colours ? ["-e"] : []));
    return text.replace(/[ \t]+$/gm, "").trimEnd();
  }

  /** The screen, as soon as it shows what is expected. */
  async sees(expected: RegExp): Promise<string> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const screen = await this.screen();
      if (expected.test(screen)) return screen;
      if (performance.now() > deadline) assert.fail(`${expected} is not on the screen:\n${screen}`);
      await pause(BETWEEN);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #tmux(...programArguments: readonly string[]): Promise<string> {
    const socket = ["-S", join(this.#folder, "s"), "-f", "/dev/null", "-u"];
    const { stdout } = await run("tmux", [...socket, ...programArguments], { timeout: PATIENCE });
    return stdout;
  }
}

/** For sh. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

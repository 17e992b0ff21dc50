/** What a mirror tells of itself, as bars. */
import type { MirrorOptions } from "../../../client/mirror/options.js";
import { remoteJoin } from "../../../client/verbs/names.js";
import type { ProgressDisplay, TransferBar } from "../../client/progress-display.js";
import { escapeHostile } from "../line/escapes.js";
import { asShellError } from "../messages.js";

type Told = Pick<MirrorOptions, "onPlan" | "onAction" | "onProgress" | "onNotice">;

export class MirrorProgress {
  readonly options: Told;
  readonly #display: ProgressDisplay;
  readonly #root: string;
  /** By the server's name of the file. */
  readonly #bars = new Map<string, TransferBar>();

  constructor(display: ProgressDisplay, root: string) {
    this.#display = display;
    this.#root = root;
    this.options = {
      onPlan: (actions) => {
        const files = actions.filter(({ kind }) => kind === "transfer");
        display.expect({ files: files.length, bytes: files.reduce((sum, { size = 0 }) => sum + size, 0) });
      },
      onProgress: (progress) => this.#bar(progress.path, progress.total).at?.(progress),
      onAction: ({ kind, path, error }) => {
        if (kind === "transfer") this.#end(path, error === undefined ? "moved" : "failed");
        if (error !== undefined) display.message(messageOf(error, path));
      },
      onNotice: (text) => display.message(escapeHostile(text)),
    };
  }

  #bar(path: string, total: number | undefined): TransferBar {
    const known = this.#bars.get(path);
    if (known !== undefined) return known;
    const bar = this.#display.begin(path, total);
    this.#bars.set(path, bar);
    return bar;
  }

  #end(path: string, result: "moved" | "failed"): void {
    const name = remoteJoin(this.#root, path);
    this.#bars.get(name)?.end(result);
    this.#bars.delete(name);
  }
}

function messageOf(error: Error, path: string): string {
  const reported = asShellError(error, path);
  return `ferry: ${escapeHostile(reported instanceof Error ? reported.message : String(reported))}`;
}

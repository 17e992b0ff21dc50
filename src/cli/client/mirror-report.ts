/** What `ferry mirror` says while it works, and at its end. */
import type { MirrorAction, MirrorOptions, MirrorResult } from "../../client/mirror/options.js";
import { remoteJoin } from "../../client/verbs/names.js";
import { escapeHostile } from "../../protocol/text.js";
import { CliError, type ExitCode, errorLine, failure } from "../errors.js";
import { jsonLine } from "../json-line.js";
import { humanSize } from "./formatting.js";
import type { ProgressDisplay } from "./progress-display.js";
import { countText, movedText, sizeOfAll } from "./quantities.js";
import type { RemoteFlags } from "./remote-flags.js";
import { asReported, warn } from "./reporting.js";
import type { TransferBar } from "./transfer-bar.js";

export interface MirrorReportOptions {
  readonly flags: RemoteFlags & { readonly dryRun?: boolean };
  readonly direction: MirrorOptions["direction"];
  /** The server's folder. */
  readonly remote: string;
}

type Listeners = Pick<MirrorOptions, "onPlan" | "onAction" | "onNotice" | "onProgress">;

export class MirrorReport {
  readonly #display: ProgressDisplay;
  readonly #o: MirrorReportOptions;
  readonly #began = performance.now();
  /** Of transfers under way, by the server's path. */
  readonly #bars = new Map<string, TransferBar>();
  #planned = 0;
  #done = 0;

  constructor(display: ProgressDisplay, o: MirrorReportOptions) {
    this.#display = display;
    this.#o = o;
  }

  listeners(): Listeners {
    return {
      onPlan: (actions) => this.#plan(actions),
      onAction: (action) => this.#ended(action),
      onNotice: (text) => this.#notice(text),
      // Nobody looks at it elsewhere.
      ...(this.#display.shows && { onProgress: (progress) => this.#bar(progress.path).at?.(progress) }),
    };
  }

  finish(result: MirrorResult): ExitCode {
    const { flags } = this.#o;
    const { failed, actions } = result;
    if (flags.json === true) this.#display.output.write(jsonLine({ summary: this.#summary(result) }));
    else if (flags.quiet !== true) this.#display.output.write(`${this.#sentence(result)}\n`);
    if (failed > 0 && actions.length > 1) {
      const error = failure(`${failed} of ${countText(actions.length, "action")} failed`);
      this.#display.errors.write(errorLine(error, { json: flags.json === true }));
    }
    return failed > 0 ? 1 : 0;
  }

  /** It ends before its end. */
  stopped(): void {
    if (this.#o.flags.json === true || this.#done === 0) return;
    const done = `${this.#done} of ${countText(this.#planned, "action")} done`;
    this.#display.errors.write(`ferry: ${done}; the same command goes on from here\n`);
  }

  #plan(actions: readonly MirrorAction[]): void {
    this.#planned = actions.length;
    const transfers = actions.filter(({ kind }) => kind === "transfer");
    const bytes = sizeOfAll(transfers);
    const dry = this.#o.flags.dryRun === true;
    this.#display.expect({
      ...(dry ? { files: 0, bytes: 0 } : { files: transfers.length, bytes }),
      doneLines: false,
    });
    for (const action of dry ? actions : []) this.#tell(action);
  }

  #ended(action: MirrorAction): void {
    this.#done++;
    const path = remoteJoin(this.#o.remote, action.path);
    this.#bars.get(path)?.end(action.error === undefined ? "moved" : "failed");
    this.#bars.delete(path);
    this.#tell(action);
  }

  #bar(path: string): TransferBar {
    const found = this.#bars.get(path) ?? this.#display.begin(path);
    this.#bars.set(path, found);
    return found;
  }

  #tell(action: MirrorAction): void {
    const { flags } = this.#o;
    const { kind, path, reason, size, target } = action;
    const error = action.error === undefined ? undefined : reported(action.error, path);
    if (flags.json === true) {
      const told = error && {
        code: error.code,
        phase: error.phase,
        reply: error.reply,
        message: error.message,
      };
      this.#display.output.write(jsonLine({ action: kind, path, reason, size, target, error: told }));
    }
    if (error !== undefined) this.#display.errors.write(errorLine(error, { json: flags.json === true }));
    else if (flags.json !== true && flags.quiet !== true)
      this.#display.output.write(`${this.#lineOf(action)}\n`);
  }

  #lineOf({ kind, path, reason, size }: MirrorAction): string {
    const directory = kind === "make-directory" || kind === "remove-directory";
    const why = reason === "missing" || reason === "extra" ? [] : [reason];
    const details = size === undefined || kind !== "transfer" ? why : [...why, humanSize(size)];
    const behind = details.length === 0 ? "" : ` (${details.join(", ")})`;
    return `${this.#verb(kind)} ${escapeHostile(path)}${directory ? "/" : ""}${behind}`;
  }

  #verb(kind: MirrorAction["kind"]): string {
    if (kind === "transfer") return this.#o.direction === "download" ? "get" : "put";
    return VERBS[kind];
  }

  #notice(text: string): void {
    warn(escapeHostile(text), this.#display, this.#o.flags);
  }

  #summary(result: MirrorResult): object {
    const { bytes, failed, postponed, doneBefore } = result;
    const { direction, flags } = this.#o;
    return {
      direction,
      dryRun: flags.dryRun === true,
      ...countsOf(result),
      bytes,
      failed,
      postponed: postponed.length,
      doneBefore,
      seconds: Math.round(performance.now() - this.#began) / 1000,
    };
  }

  #sentence(result: MirrorResult): string {
    const { transferred, directories, links, removed } = countsOf(result);
    const { bytes, postponed, doneBefore } = result;
    const { direction, flags } = this.#o;
    const dry = flags.dryRun === true;
    const moved = dry ? humanSize(bytes) : movedText(bytes, performance.now() - this.#began);
    const parts = [
      ...(transferred > 0 ? [`${countText(transferred, "file")} ${direction}ed (${moved})`] : []),
      ...(directories > 0 ? [`${countText(directories, "folder")} made`] : []),
      ...(links > 0 ? [`${countText(links, "link")} made`] : []),
      ...(removed > 0 ? [`${removed} removed`] : []),
      ...(postponed.length > 0 ? [`${postponed.length} not removed, because something failed`] : []),
      ...(doneBefore > 0 ? [`${doneBefore} done before`] : []),
    ];
    if (parts.length === 0) return result.failed > 0 ? "nothing was done" : "everything is up to date";
    return `${dry ? "nothing was done (--dry-run); it would be: " : ""}${parts.join(", ")}`;
  }
}

const VERBS: Readonly<Record<Exclude<MirrorAction["kind"], "transfer">, string>> = {
  list: "list",
  "make-directory": "make",
  link: "link",
  remove: "remove",
  "remove-directory": "remove",
};

interface Counts {
  readonly transferred: number;
  readonly directories: number;
  readonly links: number;
  readonly removed: number;
}

function countsOf({ actions }: MirrorResult): Counts {
  const count = (...kinds: MirrorAction["kind"][]): number =>
    actions.filter(({ kind, error }) => error === undefined && kinds.includes(kind)).length;
  return {
    transferred: count("transfer"),
    directories: count("make-directory"),
    links: count("link"),
    removed: count("remove", "remove-directory"),
  };
}

function reported(error: Error, path: string): CliError {
  const found = asReported(error, path);
  return found instanceof CliError
    ? found
    : failure(`${escapeHostile(path)}: ${escapeHostile(error.message)}`, error);
}

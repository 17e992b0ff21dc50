/** Does what was planned: folders first, then files, several at once, and removals last. */
import { FtpAbortError, FtpError, FtpLocalError } from "../errors.js";
import { makeFolder } from "../local-folder.js";
import type { Sessions } from "../pool.js";
import type { OnProgress } from "../transfer/progress.js";
import { TotalMeter } from "../transfer/total-progress.js";
import { ancestorsOf } from "../tree/tree.js";
import { nothingCanBeWritten } from "../unwritable.js";
import { workOff } from "../work-off.js";
import type { Begun, Journal, Unfinished } from "./journal.js";
import type { MirrorAction, MirrorOptions } from "./options.js";
import { Download, type Side, Upload } from "./sides.js";

/** An action, and where it stands in the plan. */
interface Step {
  readonly index: number;
  readonly action: MirrorAction;
}

export interface Performed {
  readonly done: readonly MirrorAction[];
  readonly postponed: readonly MirrorAction[];
}

export class Performance {
  readonly #sessions: Sessions;
  readonly #o: MirrorOptions;
  readonly #journal: Journal | undefined;
  readonly #unfinished: Unfinished | undefined;
  readonly #side: Side;
  readonly #done: MirrorAction[] = [];
  readonly #total: TotalMeter | undefined;
  #failed = false;

  constructor(
    sessions: Sessions,
    o: MirrorOptions,
    journal: Journal | undefined,
    unfinished: Unfinished | undefined,
  ) {
    this.#sessions = sessions;
    this.#o = o;
    this.#journal = journal;
    this.#unfinished = unfinished;
    this.#side = o.direction === "upload" ? new Upload(sessions, o) : new Download(sessions, o);
    if (o.onTotal !== undefined) this.#total = new TotalMeter(o.onTotal);
  }

  async perform(plan: readonly MirrorAction[]): Promise<Performed> {
    const steps = this.#left(plan);
    const of = (...kinds: MirrorAction["kind"][]) =>
      steps.filter(({ action }) => kinds.includes(action.kind));
    const transfers = of("transfer");
    const bytes = transfers.reduce((sum, { action: { size = 0 } }) => sum + size, 0);
    this.#total?.begin({ files: transfers.length, bytes });
    await this.#makeRoot();
    const replaced = steps.filter(
      ({ action }) => action.kind.startsWith("remove") && action.reason === "type",
    );
    await this.#remove(replaced);
    for (const level of byDepth(of("make-directory"))) await this.#all(level);
    await this.#all(transfers);
    // When nothing is written any more, so that nothing is written through them.
    await this.#all(of("link"));
    const extra = of("remove", "remove-directory").filter((step) => !replaced.includes(step));
    if (this.#failed && extra.length > 0) return this.#postpone(extra.map(({ action }) => action));
    await this.#remove(extra);
    return { done: this.#done, postponed: [] };
  }

  /** What no earlier run has done, without what cannot be done, which is told. */
  #left(plan: readonly MirrorAction[]): Step[] {
    const left: Step[] = [];
    for (const [index, action] of plan.entries()) {
      if (this.#unfinished?.done.has(index) === true) continue;
      if (action.error === undefined) left.push({ index, action });
      else this.#tell(action);
    }
    return left;
  }

  async #remove(all: readonly Step[]): Promise<void> {
    const steps = await this.#withoutLinks(all);
    await this.#all(steps.filter(({ action }) => action.kind === "remove"));
    const directories = steps.filter(({ action }) => action.kind === "remove-directory");
    for (const level of byDepth(directories).toReversed()) await this.#all(level);
  }

  /** What seemed to be in a directory that is a link is somewhere else: only the link goes. */
  async #withoutLinks(steps: readonly Step[]): Promise<readonly Step[]> {
    const links = new Set<string>();
    const isBelow = ({ action }: Step) => [...ancestorsOf(action.path)].some((path) => links.has(path));
    for (const level of byDepth(steps.filter(({ action }) => action.kind === "remove-directory"))) {
      await workOff(
        level.filter((step) => !isBelow(step)),
        () => this.#sessions.limit,
        async ({ action, index }) => {
          if (!(await this.#side.unlink(action.path))) return;
          links.add(action.path);
          this.#journal?.done(index);
          this.#tell({ ...action, kind: "remove" });
        },
      );
    }
    for (const { index } of steps.filter(isBelow)) this.#journal?.done(index);
    return steps.filter((step) => !links.has(step.action.path) && !isBelow(step));
  }

  /** A file that could not be moved may be one of those that would be removed, under its new name. */
  #postpone(postponed: readonly MirrorAction[]): Performed {
    this.#o.onNotice?.(`nothing is removed, because something else failed (${postponed.length} left)`);
    return { done: this.#done, postponed };
  }

  async #makeRoot(): Promise<void> {
    const { direction, local, remote, signal } = this.#o;
    if (direction === "upload") {
      if (remote === "" || remote === "/" || remote === ".") return;
      await this.#sessions.run((client) => client.makeDirectory(remote, { recursive: true, signal }), {
        signal,
      });
      return;
    }
    try {
      await makeFolder(local);
    } catch (cause) {
      throw new FtpLocalError("the local folder cannot be made", { phase: "command", cause });
    }
  }

  /** No more at once than there are sessions for. */
  async #all(steps: readonly Step[]): Promise<void> {
    await workOff(
      steps,
      () => this.#sessions.limit,
      (step) => this.#try(step),
    );
  }

  async #try(step: Step): Promise<void> {
    const { signal, retries = 2 } = this.#o;
    const { action, index } = step;
    let begun = this.#unfinished?.begun.get(index);
    const begins = (what: Begun): void => {
      begun = what;
      this.#journal?.begun(index, what);
    };
    for (let failed = 0; ; failed++) {
      this.#journal?.check();
      if (signal?.aborted === true) throw new FtpAbortError("transfer", signal.reason);
      try {
        const fresh = this.#unfinished === undefined && failed === 0;
        const onProgress = this.#progressOf(action.path);
        const outcome = await this.#side.perform(action, { fresh, begun, begins, onProgress });
        this.#journal?.done(index);
        if (outcome === "unneeded") return;
        return this.#tell(action);
      } catch (error) {
        if (signal?.aborted || nothingCanBeWritten(error)) throw error;
        if (error instanceof FtpError && error.retryable && failed < retries) continue;
        return this.#tell({ ...action, error: error instanceof Error ? error : new Error(String(error)) });
      }
    }
  }

  #tell(action: MirrorAction): void {
    if (action.error !== undefined) this.#failed = true;
    this.#done.push(action);
    if (action.kind === "transfer") this.#total?.done();
    this.#o.onAction?.(action);
  }

  #progressOf(path: string): OnProgress | undefined {
    const { onProgress } = this.#o;
    const total = this.#total;
    if (total === undefined) return onProgress;
    return (progress) => {
      total.at(path, progress.bytes);
      onProgress?.(progress);
    };
  }
}

/** The nearest to the folder first. */
function byDepth(steps: readonly Step[]): Step[][] {
  const levels: Step[][] = [];
  for (const step of steps) {
    const depth = step.action.path.split("/").length - 1;
    for (let level = levels.length; level <= depth; level++) levels.push([]);
    levels[depth]?.push(step);
  }
  return levels;
}

/** Command lines that wait behind the command that runs, and whether more of them are taken. */
import type { CommandLine } from "../protocol/command-line.js";

type Intake =
  | { readonly kind: "open" }
  /** As much waits as may wait. */
  | { readonly kind: "full" }
  /** QUIT, REIN or the peer's FIN came: what waits is still answered. */
  | { readonly kind: "finished"; readonly by: "command" | "peer" };

const OPEN: Intake = { kind: "open" };

export class LineQueue {
  readonly #lines: CommandLine[] = [];
  #intake: Intake = OPEN;

  get length(): number {
    return this.#lines.length;
  }

  get first(): CommandLine | undefined {
    return this.#lines[0];
  }

  /** Whether lines that were read already may be taken. */
  get open(): boolean {
    return this.#intake.kind === "open" || this.finishedByPeer;
  }

  /** Who said that nothing follows, if anybody did. */
  get finishedBy(): "command" | "peer" | undefined {
    return this.#intake.kind === "finished" ? this.#intake.by : undefined;
  }

  get finishedByPeer(): boolean {
    return this.finishedBy === "peer";
  }

  /** `last`: nothing is taken behind it until it is answered. At `limit` lines nothing more is taken either. */
  add(line: CommandLine, { last, limit }: { readonly last: boolean; readonly limit: number }): void {
    this.#lines.push(line);
    if (last) this.#intake = { kind: "finished", by: "command" };
    else if (this.#lines.length >= limit && this.#intake.kind === "open") this.#intake = { kind: "full" };
  }

  shift(): CommandLine | undefined {
    return this.#lines.shift();
  }

  some(matches: (line: CommandLine) => boolean): boolean {
    return this.#lines.some(matches);
  }

  clear(): void {
    this.#lines.length = 0;
  }

  /** The peer sends nothing more. */
  finish(): void {
    if (this.#intake.kind !== "finished") this.#intake = { kind: "finished", by: "peer" };
  }

  /** What was full has been worked off. */
  emptied(): void {
    if (this.#intake.kind === "full") this.#intake = OPEN;
  }

  /** The last command was answered, and it was REIN: a new login may follow. */
  lastAnswered(): void {
    if (this.finishedBy === "command") this.#intake = OPEN;
  }
}

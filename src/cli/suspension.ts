/** Ctrl-Z: what is told before this process stops, and when it goes on. */
import { readFileSync } from "node:fs";
import type { SuspendListener } from "./terminal.js";

/** What of `process` is needed. */
export interface Signals {
  on(signal: "SIGTSTP" | "SIGCONT", listener: () => void): unknown;
  removeListener(signal: "SIGTSTP" | "SIGCONT", listener: () => void): unknown;
  /** Sends a signal to this process. */
  raise(signal: "SIGTSTP"): void;
}

export class Suspension {
  readonly #signals: Signals;
  readonly #listeners = new Set<SuspendListener>();

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  /** The returned function ends it. */
  add(listener: SuspendListener): () => void {
    if (this.#listeners.size === 0) {
      this.#signals.on("SIGTSTP", this.#onStop);
      this.#signals.on("SIGCONT", this.#onContinued);
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#signals.removeListener("SIGTSTP", this.#onStop);
      this.#signals.removeListener("SIGCONT", this.#onContinued);
    };
  }

  /** Stops the process, as Ctrl-Z does. */
  suspend(): void {
    this.#onStop();
  }

  readonly #onStop = (): void => {
    for (const { suspended } of this.#listeners) suspended();
    // Whoever listens to the signal is not stopped by it.
    this.#signals.removeListener("SIGTSTP", this.#onStop);
    this.#signals.raise("SIGTSTP");
    // Here it goes on, much later; at once where nobody is there who could continue it: such a process is not stopped.
    if (this.#listeners.size > 0) this.#signals.on("SIGTSTP", this.#onStop);
    this.#onContinued();
  };

  readonly #onContinued = (): void => {
    for (const { resumed } of this.#listeners) resumed();
  };
}

/**
 * Whether the terminal's foreground is this process's job, and not the shell that started it, or another job of it.
 * True where that cannot be told.
 */
export function isInForeground(): boolean {
  try {
    // proc(5): behind the name in brackets come state, ppid, pgrp, session, tty_nr, tpgid.
    const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return foreground === group || foreground === "-1";
  } catch {
    return true;
  }
}

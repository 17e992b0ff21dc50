/** For tests of transfers: files in memory that watch how they are used. Named as a test, so that it is not published. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Entry, ReadHandle, WriteHandle } from "../storage/storage.js";

/** Something that a test lets happen when it wants. */
export class Gate {
  #open: () => void = () => {};
  readonly opened: Promise<void>;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }
}

type Speed = "at once" | "later";

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fails the test when two calls overlap, or when anything is called after the end. */
class Use {
  #state: "free" | "busy" | "over" = "free";
  #pending: Promise<void> | undefined;

  /** One call: first what the test wants to happen, then the work itself. */
  run<T>(
    call: string,
    speed: Speed | undefined,
    first: () => void | Promise<void>,
    work: () => T,
  ): T | Promise<T> {
    this.#begin(call);
    try {
      const waiting = first();
      if (waiting !== undefined || speed === "later") return this.#after(waiting ?? later(), work);
      return work();
    } finally {
      if (this.#pending === undefined) this.#state = "free";
    }
  }

  over(call: string): void {
    this.#begin(call);
    this.#state = "over";
  }

  async #after<T>(waiting: Promise<void>, work: () => T): Promise<T> {
    this.#pending = waiting;
    try {
      await waiting;
      return work();
    } finally {
      this.#pending = undefined;
      this.#state = "free";
    }
  }

  #begin(call: string): void {
    assert.equal(this.#state, "free", `${call} was called while another call ran, or after the end`);
    this.#state = "busy";
  }
}

export interface SourceOptions {
  readonly speed?: Speed;
  readonly sizeKnown?: boolean;
  /** Called with each buffer before it is filled; what it throws or rejects with fails the read. */
  readonly onRead?: (into: Uint8Array) => void | Promise<void>;
  readonly onClose?: () => void;
}

export class MemorySource implements ReadHandle {
  readonly size?: number;
  closed = 0;
  /** The buffer of each read. */
  readonly windows: Uint8Array[] = [];
  readonly #bytes: Buffer;
  readonly #o: SourceOptions;
  readonly #use = new Use();
  #at = 0;

  constructor(bytes: Buffer, o: SourceOptions = {}) {
    this.#bytes = bytes;
    this.#o = o;
    if (o.sizeKnown ?? true) this.size = bytes.length;
  }

  read(into: Uint8Array): number | Promise<number> {
    this.windows.push(into);
    return this.#use.run(
      "read",
      this.#o.speed,
      () => this.#o.onRead?.(into),
      () => this.#fill(into),
    );
  }

  close(): void {
    this.#use.over("close");
    this.closed++;
    this.#o.onClose?.();
  }

  #fill(into: Uint8Array): number {
    const length = this.#bytes.copy(into, 0, this.#at, this.#at + into.length);
    this.#at += length;
    return length;
  }
}

export interface SinkOptions {
  readonly speed?: Speed;
  /** Called with each chunk before it is taken; what it throws or rejects with fails the write. */
  readonly onWrite?: (chunk: Uint8Array) => void | Promise<void>;
  readonly onCommit?: () => void | Promise<void>;
  readonly onAbandon?: () => void;
}

export class MemorySink implements WriteHandle {
  readonly start = 0;
  committed = 0;
  modified: number | undefined;
  /** The causes that it was abandoned for. */
  readonly abandoned: unknown[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #o: SinkOptions;
  readonly #use = new Use();

  constructor(o: SinkOptions = {}) {
    this.#o = o;
  }

  get content(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(chunk: Uint8Array): void | Promise<void> {
    // Copies: the chunk is only borrowed.
    const take = () => void this.#chunks.push(Buffer.from(chunk));
    return this.#use.run("write", this.#o.speed, () => this.#o.onWrite?.(chunk), take);
  }

  async commit(o?: { readonly modified?: number }): Promise<Entry> {
    this.#use.over("commit");
    this.committed++;
    this.modified = o?.modified;
    await this.#o.onCommit?.();
    return { name: "file", type: "file", size: this.content.length, modified: 0 };
  }

  async abandon(cause: unknown): Promise<{ readonly kept: number }> {
    this.#use.over("abandon");
    this.abandoned.push(cause);
    this.#o.onAbandon?.();
    return { kept: 0 };
  }
}

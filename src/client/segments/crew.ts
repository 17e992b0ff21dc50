/** The connections of a download in segments: each takes the next bytes when it has brought its own. */

import type { AbortLike } from "../../connection/stop.js";
import type { Entry, WriteHandle } from "../../storage/storage.js";
import type { FtpClient } from "../client.js";
import { FtpAbortError, FtpDataConnectionError, FtpError, FtpLocalError } from "../errors.js";
import type { Sessions } from "../pool.js";
import { FileWriter } from "../transfer/file-writer.js";
import { entry } from "../transfer/sinks.js";
import type { PartFile } from "./part-file.js";
import type { Claim, Ranges } from "./ranges.js";

export interface CrewOptions {
  /** Of the server's file. */
  readonly path: string;
  readonly connections: number;
  readonly signal?: AbortLike | undefined;
  readonly retries?: number | undefined;
  readonly rate?: number | undefined;
}

/** Milliseconds between two entries in the journal. */
const REMEMBER = 2000;
/** Milliseconds after which one that found nothing to do looks again: a slow connection may have become stuck. */
const LOOK_AGAIN = 500;

export class Crew {
  readonly #pool: Sessions;
  readonly #part: PartFile;
  readonly #ranges: Ranges;
  readonly #o: CrewOptions;
  /** Ends all of them: the caller, an error that no other connection mends, or because there is nothing left. */
  readonly #over = new AbortController();
  readonly #used = new Set<FtpClient>();
  #failure: { readonly error: unknown } | undefined;
  #lastError: unknown;
  /** Bytes per millisecond of the last connection that brought all of its bytes. */
  #rate: number | undefined;
  #changed: () => void = () => {};
  #change: Promise<void> = Promise.resolve();
  #remembering: Promise<void> = Promise.resolve();
  #remembered = 0;

  constructor(pool: Sessions, part: PartFile, ranges: Ranges, o: CrewOptions) {
    this.#pool = pool;
    this.#part = part;
    this.#ranges = ranges;
    this.#o = o;
    this.#remembered = ranges.bytes;
    this.#expectChange();
  }

  /** Connections that brought bytes. */
  get used(): number {
    return this.#used.size;
  }

  /** Resolves when all bytes are in the file. @throws FtpError; by then the journal knows what is there */
  async work(): Promise<void> {
    const { signal, connections } = this.#o;
    const onAbort = () => this.#over.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = setInterval(() => this.#remember(), REMEMBER);
    try {
      await Promise.all(Array.from({ length: connections }, () => this.#fetchRanges()));
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", onAbort);
      if (!this.#ranges.whole) this.#remember();
      await this.#remembering;
    }
    if (this.#ranges.whole) return;
    if (signal?.aborted === true) throw new FtpAbortError("transfer", signal.reason);
    throw this.#failure?.error ?? this.#lastError;
  }

  /** One connection after the other, until there is nothing left, or too many of them have failed. */
  async #fetchRanges(): Promise<void> {
    const { retries = 3 } = this.#o;
    const { signal } = this.#over;
    for (let failed = 0; failed <= retries && !this.#ranges.whole && !signal.aborted; ) {
      try {
        const bytes = await this.#pool.run((client) => this.#fetch(client), { signal });
        if (bytes === undefined) await this.#somethingNew();
        else if (bytes > 0) failed = 0;
        else
          throw new FtpDataConnectionError("the server sends no bytes of this range", { phase: "transfer" });
      } catch (error) {
        if (signal.aborted) return;
        this.#lastError = error;
        if (!(error instanceof FtpError) || !error.retryable) this.#fail(error);
        failed++;
      }
    }
    // Whoever waits for a session has nothing to do there any more.
    if (this.#ranges.whole) this.#over.abort();
  }

  /** Bytes that came; undefined when there was nothing to fetch. */
  async #fetch(client: FtpClient): Promise<number | undefined> {
    const claim = this.#ranges.claim(this.#o.connections, performance.now(), this.#rate);
    if (claim === undefined) return undefined;
    const { path, rate } = this.#o;
    const enough = new AbortController();
    const sink = new RangeSink(claim, this.#part.descriptor, () => enough.abort());
    const signal = AbortSignal.any([this.#over.signal, enough.signal]);
    try {
      await client.download(path, sink, { start: claim.from, end: claim.to, signal, ...(rate && { rate }) });
    } catch (error) {
      // Another one has taken the rest, or it failed behind its last byte.
      if (claim.received < claim.to) {
        if (claim.received > claim.from && error instanceof FtpError && error.retryable)
          return claim.received - claim.from;
        throw error;
      }
    } finally {
      await this.#settle(sink, claim);
    }
    this.#used.add(client);
    this.#rate = (claim.received - claim.from) / Math.max(1, performance.now() - claim.since);
    return claim.received - claim.from;
  }

  async #settle(sink: RangeSink, claim: Claim): Promise<void> {
    try {
      await sink.settled();
    } catch (cause) {
      throw lost(cause);
    } finally {
      this.#ranges.release(claim);
      this.#changed();
      this.#expectChange();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#over.abort();
  }

  #expectChange(): void {
    this.#change = new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  async #somethingNew(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const soon = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LOOK_AGAIN);
    });
    await Promise.race([this.#change, soon]);
    clearTimeout(timer);
  }

  /** One entry after the other. A disk that fails here has lost bytes that were written before. */
  #remember(): void {
    const bytes = this.#ranges.bytes;
    if (bytes === this.#remembered) return;
    this.#remembered = bytes;
    this.#remembering = this.#remembering
      .then(() => this.#part.remember(this.#ranges.done()))
      .catch((cause) => this.#fail(lost(cause)));
  }
}

function lost(cause: unknown): FtpLocalError {
  return new FtpLocalError("the file on our side cannot be written", { phase: "transfer", cause });
}

/** Where the bytes of one range go. */
class RangeSink implements WriteHandle {
  readonly start: number;
  readonly #claim: Claim;
  readonly #writer: FileWriter;
  /** One past the last byte that was asked for; the claim's may come nearer. */
  readonly #end: number;
  readonly #enough: () => void;

  constructor(claim: Claim, descriptor: number, enough: () => void) {
    this.start = claim.from;
    this.#end = claim.to;
    this.#claim = claim;
    this.#enough = enough;
    this.#writer = new FileWriter(descriptor, claim.from);
    claim.cut = enough;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    const claim = this.#claim;
    const room = claim.to - claim.received;
    const bytes = chunk.length <= room ? chunk : chunk.subarray(0, Math.max(0, room));
    claim.received += bytes.length;
    claim.moved = performance.now();
    const writing = bytes.length === 0 ? undefined : this.#writer.write(bytes);
    claim.position = this.#writer.written;
    // What was asked for ends by itself.
    if (claim.received >= claim.to && claim.to < this.#end) this.#enough();
    return writing;
  }

  async commit(): Promise<Entry> {
    await this.settled();
    return entry(this.#claim.position - this.start);
  }

  async abandon(): Promise<{ readonly kept: number }> {
    return { kept: this.#claim.position - this.start };
  }

  /** Everything that came is in the file. @throws what the file system threw */
  async settled(): Promise<void> {
    try {
      await this.#writer.settled();
    } finally {
      this.#claim.position = this.#writer.written;
    }
  }
}

/** The client: every public verb. Calls are queued; each takes an AbortSignal and fails with an FtpError. */
import type { Buffer } from "node:buffer";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Features } from "../protocol/features.js";
import type { Reply } from "../protocol/reply.js";
import { digest, digestsOf, type FtpDigestAlgorithm } from "./digest.js";
import { makeDirectory, removeDirectory } from "./directories.js";
import { EntryChannel } from "./entry-channel.js";
import {
  FtpAbortError,
  FtpArgumentError,
  FtpClosedError,
  FtpConnectionError,
  FtpError,
  FtpNotFoundError,
} from "./errors.js";
import * as files from "./files.js";
import { type FtpEntry, type ListOptions, runListing } from "./listing.js";
import { type FtpClientOptions, type Settings, settingsOf } from "./options.js";
import { isLost, type ServerMemory, Session } from "./session.js";
import { type DownloadTarget, MemorySink } from "./sinks.js";
import type { UploadSource } from "./sources.js";
import { readStream, writeStream } from "./streams.js";
import { setTimes } from "./times.js";
import { runTransfer } from "./transfer.js";
import {
  type DownloadOptions,
  download,
  downloadTo,
  parametersOf,
  type TransferOptions,
  type Transferred,
  type UploadOptions,
  upload,
} from "./transfers.js";
import { Turnstile } from "./turnstile.js";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

interface Running {
  /** Whether it may be done again on a new connection: it changes nothing. */
  readonly again?: boolean;
}

/** "closing": calls that wait are still done. */
type State = "new" | "open" | "closing" | "destroyed";

/** One session with one server; connected by {@link FtpClient.connect}, or by the first call. */
export class FtpClient implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #turnstile = new Turnstile();
  readonly #memory: ServerMemory = { data: {} };
  #session: Session | undefined;
  #running: AbortController | undefined;
  #state: State = "new";

  /** Connects nowhere yet. @throws FtpArgumentError */
  constructor(options: FtpClientOptions) {
    this.#settings = settingsOf(options);
  }

  /** Connects and logs in. */
  static async connect(options: FtpClientOptions, o: CallOptions = {}): Promise<FtpClient> {
    const client = new FtpClient(options);
    try {
      await client.#operate(o, async () => {});
      return client;
    } catch (error) {
      await client.destroy();
      throw error;
    }
  }

  /** Whether there is a connection now; the next call makes one where there is none. */
  get connected(): boolean {
    return this.#session !== undefined && this.#session.pi.ended === undefined;
  }

  /** What FEAT said, names in upper case; empty before the first connection. */
  get features(): Features {
    return this.#session?.features ?? new Map();
  }

  /** Digests that FEAT promises, best first. */
  get digests(): readonly FtpDigestAlgorithm[] {
    return this.#session === undefined ? [] : digestsOf(this.#session);
  }

  /**
   * Entries of a directory as they come; of the working directory without a path. The network waits for the
   * reader, until another call waits for the connection: then the rest is read into memory.
   */
  async *list(path?: string, o: ListOptions = {}): AsyncGenerator<FtpEntry, void, undefined> {
    const stop = new AbortController();
    const signal = o.signal === undefined ? stop.signal : AbortSignal.any([o.signal, stop.signal]);
    const channel = new EntryChannel<FtpEntry>();
    const running = this.#operate({ signal }, async (session, inner) => {
      this.#turnstile.onWaiting = () => channel.release();
      await runListing(session, path, channel, { ...o, signal: inner });
    }).then(
      () => channel.end(),
      (error) => channel.fail(error),
    );
    try {
      for (let some = await channel.next(); some !== undefined; some = await channel.next()) yield* some;
    } finally {
      stop.abort();
      channel.release();
      await running;
    }
  }

  /** @throws FtpNotFoundError */
  stat(path: string, o: CallOptions = {}): Promise<FtpEntry> {
    return this.#operate(o, (session, signal) => files.stat(session, path, signal), { again: true });
  }

  async exists(path: string, o: CallOptions = {}): Promise<boolean> {
    try {
      await this.stat(path, o);
      return true;
    } catch (error) {
      if (error instanceof FtpNotFoundError) return false;
      throw error;
    }
  }

  /** Bytes of a file. */
  size(path: string, o: CallOptions = {}): Promise<number> {
    return this.#operate(o, (session, signal) => files.size(session, path, signal), { again: true });
  }

  /** When a file was modified, in milliseconds since the epoch. */
  modified(path: string, o: CallOptions = {}): Promise<number> {
    return this.#operate(o, (session, signal) => files.modified(session, path, signal), { again: true });
  }

  /** To a path on this machine, which is there only when the file is whole, or to a stream, which is ended. */
  download(path: string, target: DownloadTarget, o: DownloadOptions = {}): Promise<Transferred> {
    return this.#operate(o, (session, signal) => download(session, path, target, { ...o, signal }));
  }

  /** A file's bytes, at most `limits.file` of them. */
  readFile(path: string, o: Omit<DownloadOptions, "resume" | "keepTimes"> = {}): Promise<Buffer> {
    return this.#operate(
      o,
      async (session, signal) => {
        const sink = new MemorySink(this.#settings.limits.file);
        await downloadTo(session, path, sink, { ...o, signal });
        return sink.content();
      },
      { again: true },
    );
  }

  /** A new file, or a new content of one. */
  upload(source: UploadSource, path: string, o: UploadOptions = {}): Promise<Transferred> {
    return this.#operate(o, (session, signal) => upload(session, source, path, { ...o, signal }));
  }

  /** Adds to the end of a file; makes one where there is none. */
  append(source: UploadSource, path: string, o: TransferOptions = {}): Promise<Transferred> {
    return this.#operate(o, (session, signal) =>
      upload(session, source, path, { ...o, signal, append: true }),
    );
  }

  /** Bytes `start` to `end` of a file. The connection is busy until the stream has ended or is destroyed. */
  createReadStream(path: string, o: Omit<DownloadOptions, "resume" | "keepTimes"> = {}): Readable {
    return readStream((sink, stop) =>
      this.#operate({ signal: both(o.signal, stop) }, (session, signal) =>
        downloadTo(session, path, sink, { ...o, signal }),
      ),
    );
  }

  /** A new content of a file; finished when the server has confirmed it. */
  createWriteStream(path: string, o: TransferOptions & { readonly append?: boolean } = {}): Writable {
    return writeStream((source, stop) =>
      this.#operate({ signal: both(o.signal, stop) }, (session, signal) =>
        runTransfer(session, {
          direction: "send",
          verb: o.append === true ? "APPE" : "STOR",
          argument: path,
          parameters: parametersOf(o.type),
          start: 0,
          restart: false,
          source,
          signal,
          rate: o.rate,
          onProgress: o.onProgress,
        }),
      ),
    );
  }

  /** Renames or moves; whether it replaces what is there is the server's to decide. */
  rename(from: string, to: string, o: CallOptions = {}): Promise<void> {
    return this.#operate(o, (session, signal) => files.rename(session, from, to, signal));
  }

  /** A file or a link. */
  remove(path: string, o: CallOptions = {}): Promise<void> {
    return this.#operate(o, async (session, signal) => {
      await session.command("DELE", path, signal);
    });
  }

  /** With `recursive` also those above it, and it may be there already. */
  makeDirectory(path: string, o: CallOptions & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = false } = o;
    return this.#operate(o, (session, signal) => makeDirectory(session, path, { recursive }, signal));
  }

  /** With `recursive` all that it holds first; links are removed, not followed. */
  removeDirectory(path: string, o: CallOptions & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = false } = o;
    return this.#operate(o, (session, signal) => removeDirectory(session, path, { recursive }, signal));
  }

  /** Relative paths are seen from there, after a reconnection too. */
  changeDirectory(path: string, o: CallOptions = {}): Promise<void> {
    return this.#operate(o, (session, signal) => files.changeDirectory(session, path, signal));
  }

  workingDirectory(o: CallOptions = {}): Promise<string> {
    return this.#operate(o, (session, signal) => files.workingDirectory(session, signal), { again: true });
  }

  /** Milliseconds since the epoch. */
  setTimes(
    path: string,
    times: { readonly modified?: number; readonly created?: number },
    o: CallOptions = {},
  ): Promise<void> {
    return this.#operate(o, (session, signal) => setTimes(session, path, times, signal));
  }

  /** Permission bits, 0 to 0o7777. */
  setMode(path: string, mode: number, o: CallOptions = {}): Promise<void> {
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      return Promise.reject(new FtpArgumentError("mode is to be from 0 to 0o7777"));
    }
    return this.#operate(o, (session, signal) => files.setMode(session, path, mode, signal));
  }

  /** Computed by the server; lower case hexadecimal. */
  digest(path: string, algorithm: FtpDigestAlgorithm, o: CallOptions = {}): Promise<string> {
    return this.#operate(o, (session, signal) => digest(session, path, algorithm, signal), { again: true });
  }

  /** Any command without a data connection, as `send("SITE HELP")`; its completion reply, whatever it says. */
  send(line: string, o: CallOptions = {}): Promise<Reply<number>> {
    const space = line.indexOf(" ");
    const verb = space === -1 ? line : line.slice(0, space);
    const argument = space === -1 ? undefined : line.slice(space + 1);
    return this.#operate(o, async (session, signal) => {
      const reply = await session.ask(verb, argument, signal);
      if (/^(?:TYPE|STRU|MODE|REIN)$/i.test(verb)) session.forgetParameters();
      return { ...reply, lines: session.decoded(reply) as [string, ...string[]] };
    });
  }

  /** Says QUIT when the calls before are done, and closes. A second time does nothing. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#state = "closing";
    const leave = await this.#turnstile.enter(undefined);
    try {
      await this.#session?.close();
    } finally {
      leave();
    }
  }

  /** Closes now; calls that run or wait fail with FtpClosedError. */
  async destroy(): Promise<void> {
    this.#state = "destroyed";
    this.#running?.abort(new FtpClosedError());
    await this.#session?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One operation: waits for its turn and for a connection; afterwards the connection is in step, or closed. */
  async #operate<T>(
    { signal: outer }: CallOptions,
    work: (session: Session, signal: AbortSignal) => Promise<T>,
    { again = false }: Running = {},
  ): Promise<T> {
    if (this.#over) throw new FtpClosedError();
    const leave = await this.#enter(outer);
    const running = new AbortController();
    const onAbort = () => running.abort(outer?.reason);
    outer?.addEventListener("abort", onAbort, { once: true });
    if (outer?.aborted === true) onAbort();
    this.#running = running;
    try {
      if (this.#destroyed) throw new FtpClosedError();
      const fresh = !this.connected;
      try {
        return await work(await this.#connection(running.signal), running.signal);
      } catch (error) {
        // The server closed an idle connection: nobody's fault, and nothing was done.
        if (!again || fresh || !(error instanceof FtpConnectionError)) throw error;
        return await work(await this.#connection(running.signal), running.signal);
      }
    } catch (error) {
      throw running.signal.reason instanceof FtpClosedError ? running.signal.reason : error;
    } finally {
      outer?.removeEventListener("abort", onAbort);
      this.#running = undefined;
      // Whoever was aborted does not wait for the server's answer; the next operation does.
      void this.#settled().then(leave);
    }
  }

  get #over(): boolean {
    return this.#state === "closing" || this.#state === "destroyed";
  }

  get #destroyed(): boolean {
    return this.#state === "destroyed";
  }

  async #enter(signal: AbortSignal | undefined): Promise<() => void> {
    try {
      return await this.#turnstile.enter(signal);
    } catch (reason) {
      throw new FtpAbortError("command", reason);
    }
  }

  async #settled(): Promise<void> {
    if (!this.#destroyed) await this.#session?.settle();
    if (!this.#destroyed && this.#session?.pi.ended === undefined) return;
    const lost = this.#session;
    this.#session = undefined;
    await lost?.destroy();
  }

  /** The session, or a new one; after a loss with some patience. */
  async #connection(signal: AbortSignal): Promise<Session> {
    if (this.connected && this.#session !== undefined) return this.#session;
    await this.#session?.destroy();
    this.#session = undefined;
    const { attempts, delay, maxDelay } = this.#settings.reconnect;
    const tries = this.#state === "new" ? 1 : Math.max(1, attempts);
    for (let failed = 1; ; failed++) {
      try {
        const session = await Session.open(this.#settings, this.#memory, signal);
        this.#session = session;
        if (this.#state === "new") this.#state = "open";
        return session;
      } catch (error) {
        const mayHelp = isLost(error) || (error instanceof FtpError && error.retryable);
        if (failed >= tries || signal.aborted || !mayHelp) throw error;
      }
      await pause(Math.min(delay * 2 ** (failed - 1), maxDelay), signal);
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw new FtpAbortError("connect", signal.reason);
  }
}

function both(one: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return one === undefined ? other : AbortSignal.any([one, other]);
}

/** The client: every public verb. Calls are queued; each takes an AbortSignal and fails with an FtpError. */

import type { Buffer } from "node:buffer";
import type { Readable, Writable } from "node:stream";
import type { AbortLike } from "../connection/stop.js";
import type { Features } from "../protocol/features.js";
import type { Reply } from "../protocol/reply.js";
import type { FtpDigestAlgorithm } from "./digest-algorithm.js";
import { withEither } from "./either-signal.js";
import { FtpArgumentError, FtpNotFoundError } from "./errors.js";
import { type FtpClientOptions, originOf, type Settings, settingsOf } from "./options.js";
import { Operations } from "./session/operations.js";
import type { FtpSecurity } from "./session/protection.js";
import type { LocalContent } from "./transfer/local-content.js";
import { type DownloadTarget, MemorySink } from "./transfer/sinks.js";
import type { UploadSource } from "./transfer/sources.js";
import { runTransfer } from "./transfer/transfer.js";
import { type Comparison, compare } from "./verbs/compare.js";
import { digest, digestsOf } from "./verbs/digest.js";
import { makeDirectory, type RemoveOptions, removeDirectory } from "./verbs/directories.js";
import { EntryChannel } from "./verbs/entry-channel.js";
import * as files from "./verbs/files.js";
import { type FtpEntry, type ListOptions, runListing } from "./verbs/listing.js";
import { readStream, writeStream } from "./verbs/streams.js";
import { setTimes } from "./verbs/times.js";
import {
  type DownloadOptions,
  download,
  downloadTo,
  parametersOf,
  type TransferOptions,
  type Transferred,
  type UploadOptions,
  upload,
} from "./verbs/transfers.js";

export interface CallOptions {
  readonly signal?: AbortLike | undefined;
}

/** Of a download that goes to no path. */
export type RangeOptions = Omit<DownloadOptions, "resume" | "keepTimes" | "verify">;

/** One session with one server; connected by {@link FtpClient.connect}, or by the first call. */
export class FtpClient implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #operations: Operations;

  /** Connects nowhere yet. @throws FtpArgumentError */
  constructor(options: FtpClientOptions) {
    this.#settings = settingsOf(options);
    this.#operations = new Operations(this.#settings);
  }

  /** Connects and logs in. */
  static async connect(options: FtpClientOptions, o: CallOptions = {}): Promise<FtpClient> {
    const client = new FtpClient(options);
    try {
      await client.#operations.run(o, async () => {});
      return client;
    } catch (error) {
      await client.destroy();
      throw error;
    }
  }

  /** Whose files these are: `anna@ftp.example.org:21`. */
  get origin(): string {
    return originOf(this.#settings);
  }

  /** Whether there is a connection now; the next call makes one where there is none. */
  get connected(): boolean {
    return this.#operations.session !== undefined;
  }

  /** How the connection is protected; undefined in clear, and before the first connection. */
  get security(): FtpSecurity | undefined {
    return this.#operations.session?.protection.security;
  }

  /** What FEAT said, names in upper case; empty before the first connection. */
  get features(): Features {
    return this.#operations.session?.features ?? new Map();
  }

  /** Digests that FEAT promises, best first. */
  get digests(): readonly FtpDigestAlgorithm[] {
    const { session } = this.#operations;
    return session === undefined ? [] : digestsOf(session);
  }

  /**
   * Entries of a directory as they come; of the working directory without a path. The network waits for the
   * reader, until another call waits for the connection: then the rest is read into memory.
   */
  async *list(path?: string, o: ListOptions = {}): AsyncGenerator<FtpEntry, void, undefined> {
    const stop = new AbortController();
    const channel = new EntryChannel<FtpEntry>();
    const running = withEither(o.signal, stop.signal, (signal) =>
      this.#operations.run({ signal }, async (session, inner) => {
        this.#operations.onWaiting = () => channel.release();
        await runListing(session, path, channel, { ...o, signal: inner });
      }),
    ).then(
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
    return this.#operations.run(o, (session, signal) => files.stat(session, path, signal), { again: true });
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
    return this.#operations.run(o, (session, signal) => files.size(session, path, signal), { again: true });
  }

  /** When a file was modified, in milliseconds since the epoch. */
  modified(path: string, o: CallOptions = {}): Promise<number> {
    return this.#operations.run(o, (session, signal) => files.modified(session, path, signal), {
      again: true,
    });
  }

  /** To a path on this machine, which is there only when the file is whole, or to a stream, which is ended. */
  download(path: string, target: DownloadTarget, o: DownloadOptions = {}): Promise<Transferred> {
    return this.#operations.run(o, (session, signal) => download(session, path, target, o, signal));
  }

  /** A file's bytes, at most `limits.file` of them. */
  readFile(path: string, o: RangeOptions = {}): Promise<Buffer> {
    return this.#operations.run(
      o,
      async (session, signal) => {
        const sink = new MemorySink(this.#settings.limits.file);
        await downloadTo(session, path, sink, { options: o, start: o.start, end: o.end, signal });
        return sink.content();
      },
      { again: true },
    );
  }

  /** A new file, or a new content of one. */
  upload(source: UploadSource, path: string, o: UploadOptions = {}): Promise<Transferred> {
    return this.#operations.run(o, (session, signal) => upload(session, source, path, o, signal));
  }

  /** Adds to the end of a file; makes one where there is none. */
  append(source: UploadSource, path: string, o: TransferOptions = {}): Promise<Transferred> {
    return this.#operations.run(o, (session, signal) =>
      upload(session, source, path, { ...o, append: true }, signal),
    );
  }

  /** Bytes `start` to `end` of a file. The connection is busy until the stream has ended or is destroyed. */
  createReadStream(path: string, o: RangeOptions = {}): Readable {
    return readStream((sink, stop) =>
      withEither(o.signal, stop, (either) =>
        this.#operations.run({ signal: either }, (session, signal) =>
          downloadTo(session, path, sink, { options: o, start: o.start, end: o.end, signal }),
        ),
      ),
    );
  }

  /** A new content of a file; finished when the server has confirmed it. */
  createWriteStream(path: string, o: TransferOptions & { readonly append?: boolean } = {}): Writable {
    return writeStream((source, stop) =>
      withEither(o.signal, stop, (either) =>
        this.#operations.run({ signal: either }, (session, signal) =>
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
      ),
    );
  }

  /** Renames or moves; whether it replaces what is there is the server's to decide. */
  rename(from: string, to: string, o: CallOptions = {}): Promise<void> {
    return this.#operations.run(o, (session, signal) => files.rename(session, from, to, signal));
  }

  /** A file or a link. */
  remove(path: string, o: CallOptions = {}): Promise<void> {
    return this.#operations.run(o, async (session, signal) => {
      await session.command("DELE", path, signal);
    });
  }

  /** With `recursive` also those above it, and it may be there already. */
  makeDirectory(path: string, o: CallOptions & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = false } = o;
    return this.#operations.run(o, (session, signal) => makeDirectory(session, path, { recursive }, signal));
  }

  /** With `recursive` all that it holds first; links are removed, not followed. */
  removeDirectory(path: string, o: CallOptions & RemoveOptions = {}): Promise<void> {
    return this.#operations.run(o, (session, signal) => removeDirectory(session, path, o, signal));
  }

  /** Relative paths are seen from there, after a reconnection too. */
  changeDirectory(path: string, o: CallOptions = {}): Promise<void> {
    return this.#operations.run(o, (session, signal) => files.changeDirectory(session, path, signal));
  }

  workingDirectory(o: CallOptions = {}): Promise<string> {
    return this.#operations.run(o, (session, signal) => files.workingDirectory(session, signal), {
      again: true,
    });
  }

  /** Milliseconds since the epoch. */
  setTimes(
    path: string,
    times: { readonly modified?: number; readonly created?: number },
    o: CallOptions = {},
  ): Promise<void> {
    return this.#operations.run(o, (session, signal) => setTimes(session, path, times, signal));
  }

  /** Permission bits, 0 to 0o7777. */
  setMode(path: string, mode: number, o: CallOptions = {}): Promise<void> {
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      return Promise.reject(new FtpArgumentError("mode is to be from 0 to 0o7777"));
    }
    return this.#operations.run(o, (session, signal) => files.setMode(session, path, mode, signal));
  }

  /** Computed by the server; lower case hexadecimal. */
  digest(path: string, algorithm: FtpDigestAlgorithm, o: CallOptions = {}): Promise<string> {
    return this.#operations.run(o, (session, signal) => digest(session, path, algorithm, signal), {
      again: true,
    });
  }

  /** Whether the server's file is the same as this one: by the best digest that both sides know, else by size. */
  compare(path: string, content: LocalContent, o: CallOptions = {}): Promise<Comparison> {
    return this.#operations.run(o, (session, signal) => compare(session, path, content, signal), {
      again: true,
    });
  }

  /** Any command without a data connection, as `send("SITE HELP")`; its completion reply, whatever it says. */
  send(line: string, o: CallOptions = {}): Promise<Reply<number>> {
    const space = line.indexOf(" ");
    const verb = space === -1 ? line : line.slice(0, space);
    const argument = space === -1 ? undefined : line.slice(space + 1);
    if (/^(?:AUTH|CCC)$/i.test(verb)) {
      return Promise.reject(
        new FtpArgumentError(`${verb} is not for send: TLS is an option of the client (tls)`),
      );
    }
    return this.#operations.run(o, async (session, signal) => {
      const reply = await session.ask(verb, argument, signal);
      session.afterRaw(verb, reply);
      return { ...reply, lines: session.decoded(reply) as [string, ...string[]] };
    });
  }

  /** Says QUIT when the calls before are done, and closes. A second time does nothing. */
  close(): Promise<void> {
    return this.#operations.close();
  }

  /** Closes now; calls that run or wait fail with FtpClosedError. */
  destroy(): Promise<void> {
    return this.#operations.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

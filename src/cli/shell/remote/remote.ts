/** The server that the shell talks to, and the directory where it is there. */
import type { FtpClient } from "../../../client/client.js";
import { FtpPool, type FtpPoolOptions, type Sessions } from "../../../client/pool.js";
import type { FtpEntry } from "../../../client/verbs/listing.js";
import { closeSoon } from "../../client/connection.js";
import { withEscapes } from "../../client/patterns.js";
import type { RemotePlace } from "../../client/places.js";
import { failure } from "../../errors.js";
import type { NamedEntry } from "../completion/source.js";
import type { Job } from "../jobs/job.js";
import type { Word } from "../line/tokens.js";
import { BackgroundShare, Lane } from "./lane.js";
import { ListingCache, MOST_IN_ONE } from "./listing-cache.js";
import { hasSlashes, resolveRemote } from "./place.js";

/** A server, and who logs in. */
export interface Target {
  readonly options: FtpPoolOptions;
  /** With who logs in, for when sessions have to be made anew; its path is seen from the login directory. */
  readonly place: RemotePlace;
  /** `anna@host`, with the port where it is not the usual one; safe for a terminal. */
  readonly shown: string;
}

interface Connection {
  readonly target: Target;
  readonly pool: FtpPool;
  readonly share: BackgroundShare;
  readonly home: string;
  directory: string;
  /** Where `cd -` leads. */
  previous: string;
  readonly listings: ListingCache;
}

export class Remote {
  readonly #note: (line: string) => void;
  #connection: Connection | undefined;
  /** Sessions that had a connection when they were last used. */
  readonly #used = new WeakSet<FtpClient>();
  /** Where each session is, on systems whose names cannot be made absolute. */
  readonly #directories = new WeakMap<FtpClient, string>();

  /** @param note Tells something short, such as that a connection was lost. */
  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get shown(): string | undefined {
    return this.#connection?.target.shown;
  }

  get target(): Target | undefined {
    return this.#connection?.target;
  }

  /** @throws CliError when nothing is open */
  get place(): RemotePlace {
    return this.#open.target.place;
  }

  get directory(): string {
    return this.#connection?.directory ?? "";
  }

  get home(): string {
    return this.#connection?.home ?? "";
  }

  /** Connects, logs in, and goes where the target says; what was open before is closed when that has worked. */
  async open(target: Target, signal: AbortSignal): Promise<void> {
    const pool = new FtpPool(target.options);
    try {
      const home = await pool.run((client) => client.workingDirectory({ signal }), { signal });
      const connection: Connection = {
        target,
        pool,
        share: new BackgroundShare(pool),
        home,
        directory: home,
        previous: home,
        listings: new ListingCache(),
      };
      const { path } = target.place;
      if (path !== "") await this.#enter(connection, pool, path, signal);
      connection.previous = connection.directory;
      const before = this.#connection;
      this.#connection = connection;
      // Jobs go on with their sessions.
      void before?.pool.close();
    } catch (error) {
      void pool.destroy();
      throw error;
    }
  }

  /** The same server and directory with other options: from the next command on. Jobs go on as they are. */
  async reopen(options: FtpPoolOptions): Promise<void> {
    const before = this.#connection;
    if (before === undefined) return;
    const pool = new FtpPool(options);
    this.#connection = {
      ...before,
      target: { ...before.target, options },
      pool,
      share: new BackgroundShare(pool),
      listings: new ListingCache(),
    };
    void before.pool.close();
  }

  /** Says goodbye; what still runs has a moment to end. */
  async close(): Promise<void> {
    const before = this.#connection;
    this.#connection = undefined;
    if (before !== undefined) await closeSoon(before.pool);
  }

  /** Sessions for a job. @throws CliError when nothing is open */
  sessions(job: Pick<Job, "place">): Sessions {
    const connection = this.#open;
    const { pool, share } = connection;
    return new Lane(
      pool,
      share,
      () => job.place,
      (client, signal) => this.#prepare(connection, client, signal),
    );
  }

  /** A pathname as the server is asked for it. */
  resolve({ text, tilde }: Pick<Word, "text" | "tilde">): string {
    return resolveRemote(this.#open, text, tilde);
  }

  /** The same as a pattern (`client/patterns.ts`). */
  resolvePattern(word: Pick<Word, "text" | "tilde" | "pattern">): string {
    const { pattern, tilde } = word;
    if (pattern === undefined) return withEscapes(this.resolve(word));
    const { directory, home } = this.#open;
    return resolveRemote({ directory: withEscapes(directory), home: withEscapes(home) }, pattern, tilde);
  }

  /** @throws FtpError when there is no such directory; then the shell stays where it was */
  async changeDirectory(path: string, sessions: Sessions, signal: AbortSignal): Promise<void> {
    await this.#enter(this.#open, sessions, path, signal);
  }

  get previous(): string {
    return this.#open.previous;
  }

  /** What this shell knew of directories may be wrong from now on. */
  changed(): void {
    this.#connection?.listings.clear();
  }

  /** What a listing has just shown. */
  seen(directory: string, entries: readonly FtpEntry[]): void {
    this.#connection?.listings.put(directory, entries.map(named));
  }

  /** From memory when it is fresh; none when nothing is open. */
  async list(directory: string, signal: AbortSignal): Promise<readonly NamedEntry[]> {
    const connection = this.#connection;
    if (connection === undefined) return [];
    const path = resolveRemote(connection, directory);
    const known = connection.listings.get(path);
    if (known !== undefined) return known;
    const entries = await this.sessions({ place: "foreground" }).run(
      async (client) => {
        const found: NamedEntry[] = [];
        for await (const entry of client.list(path, { signal, hidden: true })) {
          found.push(named(entry));
          if (found.length >= MOST_IN_ONE) break;
        }
        return found;
      },
      { signal },
    );
    connection.listings.put(path, entries);
    return entries;
  }

  async #enter(connection: Connection, sessions: Sessions, path: string, signal: AbortSignal): Promise<void> {
    const there = await sessions.run(
      async (client) => {
        await client.changeDirectory(path, { signal });
        const reached = await client.workingDirectory({ signal });
        this.#directories.set(client, reached);
        return reached;
      },
      { signal },
    );
    connection.previous = connection.directory;
    connection.directory = there;
  }

  async #prepare(connection: Connection, client: FtpClient, signal: AbortSignal | undefined): Promise<void> {
    if (this.#used.has(client) && !client.connected) this.#note("the connection was lost: connecting again");
    this.#used.add(client);
    if (hasSlashes(connection) || this.#directories.get(client) === connection.directory) return;
    await client.changeDirectory(connection.directory, { signal });
    this.#directories.set(client, connection.directory);
  }

  get #open(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    throw failure("not connected: open a server first, as in `open ftp://anna@ftp.example.org/`");
  }
}

function named({ name, type }: FtpEntry): NamedEntry {
  return { name, type };
}

/** The server that a shell, or one of its jobs, talks to, and the directory where it is there. */
import type { FtpClient } from "../../../client/client.js";
import { FtpPool, type FtpPoolOptions, type Sessions } from "../../../client/pool.js";
import type { FtpEntry } from "../../../client/verbs/listing.js";
import { withEscapes } from "../../client/patterns.js";
import type { RemotePlace } from "../../client/places.js";
import { failure } from "../../errors.js";
import type { NamedEntry } from "../completion/source.js";
import type { Job } from "../jobs/job.js";
import type { Word } from "../line/tokens.js";
import { BackgroundShare, Lane } from "./lane.js";
import { ListingCache, MOST_IN_ONE } from "./listing-cache.js";
import { hasSlashes, resolveRemote } from "./place.js";
import { SharedPool } from "./shared-pool.js";

/** A server, and who logs in. */
export interface Target {
  readonly options: FtpPoolOptions;
  /** With who logs in, for when sessions have to be made anew; its path is seen from the login directory. */
  readonly place: RemotePlace;
  /** `anna@host`, with the port where it is not the usual one; safe for a terminal. */
  readonly shown: string;
}

/** What jobs share with the shell that began them. */
interface Server {
  readonly target: Target;
  readonly shared: SharedPool;
  readonly share: BackgroundShare;
  readonly home: string;
  readonly listings: ListingCache;
}

interface Connection {
  readonly server: Server;
  directory: string;
  /** Where `cd -` leads. */
  previous: string;
  readonly release: () => Promise<void>;
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

  /** The same server and directory; what either of them does from now on about it is its own. */
  fork(): Remote {
    const fork = new Remote(this.#note);
    if (this.#connection !== undefined) {
      const { server, directory, previous } = this.#connection;
      fork.#connection = { server, directory, previous, release: server.shared.hold() };
    }
    return fork;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get target(): Target | undefined {
    return this.#connection?.server.target;
  }

  /** @throws CliError when nothing is open */
  get place(): RemotePlace {
    return this.#open.server.target.place;
  }

  get directory(): string {
    return this.#connection?.directory ?? "";
  }

  get home(): string {
    return this.#connection?.server.home ?? "";
  }

  get previous(): string {
    return this.#open.previous;
  }

  /** Connects, logs in, and goes where the target says; what was open before is let go when that has worked. */
  async open(target: Target, signal: AbortSignal): Promise<void> {
    const pool = new FtpPool(target.options);
    const shared = new SharedPool(pool);
    const release = shared.hold();
    try {
      const home = await pool.run((client) => client.workingDirectory({ signal }), { signal });
      const share = new BackgroundShare(pool);
      const server: Server = { target, shared, share, home, listings: new ListingCache() };
      const connection: Connection = { server, directory: home, previous: home, release };
      const { path } = target.place;
      if (path !== "") await this.#enter(connection, pool, path, signal);
      connection.previous = connection.directory;
      const before = this.#connection;
      this.#connection = connection;
      void before?.release();
    } catch (error) {
      void release();
      throw error;
    }
  }

  /** Says goodbye, when no job needs the sessions any more. */
  async close(): Promise<void> {
    const before = this.#connection;
    this.#connection = undefined;
    await before?.release();
  }

  /** Sessions for a job. @throws CliError when nothing is open */
  sessions(job: Job): Sessions {
    const connection = this.#open;
    const { shared, share } = connection.server;
    shared.holdFor(job);
    const prepare = (client: FtpClient, signal: AbortSignal | undefined): Promise<void> =>
      this.#prepare(connection, client, signal);
    return new Lane(shared.pool, share, () => job.place, prepare);
  }

  /** A pathname as the server is asked for it. */
  resolve({ text, tilde }: Pick<Word, "text" | "tilde">): string {
    return resolveRemote(this.#seen, text, tilde);
  }

  /** The same as a pattern (`client/patterns.ts`). */
  resolvePattern(word: Pick<Word, "text" | "tilde" | "pattern">): string {
    const { pattern, tilde } = word;
    if (pattern === undefined) return withEscapes(this.resolve(word));
    const { directory, home } = this.#seen;
    return resolveRemote({ directory: withEscapes(directory), home: withEscapes(home) }, pattern, tilde);
  }

  /** @throws FtpError when there is no such directory; then the shell stays where it was */
  async changeDirectory(path: string, sessions: Sessions, signal: AbortSignal): Promise<void> {
    await this.#enter(this.#open, sessions, path, signal);
  }

  /** What this shell knew of directories may be wrong from now on. */
  changed(): void {
    this.#connection?.server.listings.clear();
  }

  /** What a listing has just shown. */
  seen(directory: string, entries: readonly FtpEntry[]): void {
    this.#connection?.server.listings.put(directory, entries.map(named));
  }

  /** For Tab: from memory when it is fresh; none when nothing is open. */
  async list(directory: string, signal: AbortSignal): Promise<readonly NamedEntry[]> {
    const connection = this.#connection;
    if (connection === undefined) return [];
    const { listings, shared } = connection.server;
    const path = this.resolve({ text: directory, tilde: false });
    const known = listings.get(path);
    if (known !== undefined) return known;
    const entries = await shared.pool.run(
      async (client) => {
        await this.#prepare(connection, client, signal);
        const found: NamedEntry[] = [];
        for await (const entry of client.list(path, { signal, hidden: true })) {
          found.push(named(entry));
          if (found.length >= MOST_IN_ONE) break;
        }
        return found;
      },
      { signal },
    );
    listings.put(path, entries);
    return entries;
  }

  async #enter(
    connection: Connection,
    sessions: Pick<Sessions, "run">,
    path: string,
    signal: AbortSignal,
  ): Promise<void> {
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
    if (client.connected) this.#used.add(client);
    // Told once, until there is a connection again.
    else if (this.#used.delete(client)) this.#note("the connection was lost: connecting again");
    if (hasSlashes(connection.directory) || this.#directories.get(client) === connection.directory) return;
    await client.changeDirectory(connection.directory, { signal });
    this.#directories.set(client, connection.directory);
  }

  get #open(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    throw failure("not connected: open a server first, as in `open anna@ftp.example.org`");
  }

  get #seen(): { readonly directory: string; readonly home: string } {
    return { directory: this.#open.directory, home: this.home };
  }
}

function named({ name, type }: FtpEntry): NamedEntry {
  return { name, type };
}

/**
 * Sessions of an account, counted over all nodes. Each one is a document; where a limit holds, sessions take the
 * places 0 to limit - 1, and a unique index lets only one document have a place. No two nodes can thus let in one
 * session too many, whatever the server does with updates.
 */
import { randomBytes } from "node:crypto";
import type { ObjectId } from "mongodb";
import type { Database } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import type { SessionDocument } from "./documents.js";
import { isDuplicateKey } from "./errors.js";
import type { Node } from "./node.js";

export interface SessionInfo {
  readonly account: ObjectId;
  readonly name: string;
  readonly session: string;
  readonly peer: string;
}

export class Sessions {
  readonly #database: Database;
  readonly #node: Node;
  /** Those of this node, by `_id`. */
  readonly #own = new Map<string, SessionDocument>();
  /** Being written: in the database or not, nobody knows yet. */
  readonly #beginning = new Set<string>();

  constructor(database: Database, node: Node) {
    this.#database = database;
    this.#node = node;
  }

  /**
   * Counts the session, or says that there are `limit` already. While the database is away only those of this
   * node are counted; the session is written when it is back.
   * @returns what `end` takes.
   */
  async begin(info: SessionInfo, limit: number | undefined): Promise<{ readonly id: string } | "limit"> {
    try {
      return await this.#claim(info, limit ?? Number.POSITIVE_INFINITY);
    } catch (error) {
      if (!(error instanceof AccountsDatabaseError) || error.problem !== "unavailable") throw error;
      if (this.#ownOf(info.account) >= (limit ?? Number.POSITIVE_INFINITY)) return "limit";
      return this.#keep(this.#document(info, undefined));
    }
  }

  /** What cannot be removed now is removed when the database is back. Never throws. */
  async end(id: string): Promise<void> {
    if (this.#own.delete(id)) await this.#remove(id).catch(() => undefined);
  }

  /** Makes the database say what is so: after an outage, or when others took this node for dead. */
  async reconcile(): Promise<void> {
    const { sessions } = this.#database;
    const written = await this.#database.run("reading sessions", () =>
      sessions.find({ node: this.#node.id }).toArray(),
    );
    const isSurplus = ({ _id }: SessionDocument): boolean => !this.#own.has(_id) && !this.#beginning.has(_id);
    const surplus = written.filter(isSurplus).map(({ _id }) => _id);
    if (surplus.length > 0) {
      await this.#database.run("ending sessions", () => sessions.deleteMany({ _id: { $in: surplus } }));
    }
    const there = new Set(written.map(({ _id }) => _id));
    for (const document of [...this.#own.values()]) {
      if (there.has(document._id) || !this.#own.has(document._id)) continue;
      await this.#write(document);
      // It ended while it was written.
      if (!this.#own.has(document._id)) await this.#remove(document._id);
    }
  }

  /** When this process ends. */
  async endAll(): Promise<void> {
    this.#own.clear();
    const { sessions } = this.#database;
    await this.#database
      .run("ending sessions", () => sessions.deleteMany({ node: this.#node.id }))
      .catch(() => undefined);
  }

  async #claim(info: SessionInfo, limit: number): Promise<{ readonly id: string } | "limit"> {
    if (limit === Number.POSITIVE_INFINITY) {
      return this.#insertOwn(this.#document(info, undefined));
    }
    for (;;) {
      const live = await this.#live(info.account);
      if (live.length >= limit) return "limit";
      const document = this.#document(info, freePlace(info.account, live, limit));
      try {
        return await this.#insertOwn(document);
      } catch (error) {
        // Somebody was quicker. Each round one more place is taken, so this ends.
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }

  /** Those of nodes that live; what crashed nodes left is removed. */
  async #live(account: ObjectId): Promise<readonly SessionDocument[]> {
    const { sessions } = this.#database;
    const found = await this.#database.run("counting sessions", () => sessions.find({ account }).toArray());
    if (found.some(({ node }) => !this.#node.isAlive(node))) await this.#node.readOthers();
    const dead = found.filter(({ node }) => !this.#node.isAlive(node)).map(({ _id }) => _id);
    if (dead.length > 0) {
      await this.#database.run("removing sessions of a crashed node", () =>
        sessions.deleteMany({ _id: { $in: dead } }),
      );
    }
    return found.filter(({ node }) => this.#node.isAlive(node));
  }

  /** A look at what the database has, at the same time, leaves the session alone. */
  async #insertOwn(document: SessionDocument): Promise<{ readonly id: string }> {
    this.#beginning.add(document._id);
    try {
      await this.#insert(document);
      return this.#keep(document);
    } finally {
      this.#beginning.delete(document._id);
    }
  }

  async #remove(id: string): Promise<void> {
    const { sessions } = this.#database;
    await this.#database.run("ending a session", () => sessions.deleteOne({ _id: id }));
  }

  async #insert(document: SessionDocument): Promise<void> {
    await this.#database.run("counting a session", () => this.#database.sessions.insertOne(document));
  }

  /** Its place may be somebody else's by now. It runs all the same, and counts. */
  async #write(document: SessionDocument): Promise<void> {
    try {
      await this.#insert(document);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const beside = { ...document, key: document._id };
      await this.#insert(beside).catch((again: unknown) => {
        // It is there: the answer to the first attempt was lost.
        if (!isDuplicateKey(again)) throw again;
      });
    }
  }

  #keep(document: SessionDocument): { readonly id: string } {
    this.#own.set(document._id, document);
    return { id: document._id };
  }

  #document({ account, name, session, peer }: SessionInfo, key: string | undefined): SessionDocument {
    const _id = randomBytes(12).toString("hex");
    const since = new Date(this.#database.now());
    return { _id, key: key ?? _id, account, name, node: this.#node.id, session, peer, since };
  }

  #ownOf(account: ObjectId): number {
    return [...this.#own.values()].filter((document) => document.account.equals(account)).length;
  }
}

/** A random one, so that those who come at once do not all try the same. */
function freePlace(account: ObjectId, live: readonly SessionDocument[], limit: number): string {
  const taken = new Set(live.map(({ key }) => key));
  const start = Math.floor(Math.random() * limit);
  for (let n = 0; n < limit; n++) {
    const key = `${account.toHexString()}:${(start + n) % limit}`;
    if (!taken.has(key)) return key;
  }
  // Fewer sessions than places, so there is one; all the same, a wrong one is refused by the index.
  return `${account.toHexString()}:0`;
}

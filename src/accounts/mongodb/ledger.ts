/**
 * What one account's sessions in this process store, against its quota over all nodes. Bytes and files are taken
 * from a grant in hand, so that an upload asks the database about once a second and not for every chunk.
 */
import type { ObjectId } from "mongodb";
import type { Allowance, Use } from "../../storage/allowance.js";
import { StorageError } from "../../storage/errors.js";
import type { AccountQuota } from "../record.js";
import type { Database } from "./database.js";
import { AccountsDatabaseError } from "./database-error.js";
import type { UsageDocument } from "./documents.js";
import { describe, isDuplicateKey } from "./errors.js";
import { serialized } from "./locks.js";
import type { Node } from "./node.js";
import { type Amount, type Exchange, emptyUsage, madeAlready, monthOf, NOTHING, settle } from "./usage.js";

const MiB = 1024 * 1024;
/** A first grant is small; one that is used up within a second is doubled. */
const LEAST_GRANT: Amount = { bytes: MiB, files: 8 };
const LARGEST_GRANT: Amount = { bytes: 64 * MiB, files: 512 };
/** Milliseconds after which what was used is told, and what is not used is given back. */
const BETWEEN_REPORTS = 1000;
const ATTEMPTS = 100;

export interface LedgerOptions {
  readonly database: Database;
  readonly node: Node;
  readonly account: ObjectId;
  /** As it is now. */
  readonly quota: () => AccountQuota;
  /** What lies in the account's root; asked when nothing was counted before. */
  readonly measure: () => Promise<Amount>;
}

/** It was made if the document with this version was still there when it arrived. */
interface Unanswered {
  readonly exchange: Exchange;
  readonly version: number;
}

export class Ledger implements Allowance {
  readonly #o: LedgerOptions;
  /** As the database granted it, and what is used of it. */
  #granted: Amount = NOTHING;
  #used: Amount = NOTHING;
  #beside: Amount = NOTHING;
  #uploaded = 0;
  #sequence = 0;
  /** Exchanges whose answers did not come: at most one of them was made, and may still be. */
  #unanswered: readonly Unanswered[] = [];
  /** Free by what the database said last; an outage is bridged with it. Undefined before the first answer. */
  #free: Amount | undefined;
  #likes = LEAST_GRANT;
  #lastExchange = 0;
  /** An exchange is under way: what is in hand may just be given back. */
  #frozen = false;
  #closing = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(o: LedgerOptions) {
    this.#o = o;
  }

  /** Learns what is stored, which is measured when nobody knows. @throws AccountsDatabaseError */
  async open(): Promise<void> {
    await this.#inTurn(() => this.#exchange(NOTHING));
  }

  get remaining(): number {
    return (this.#free?.bytes ?? Number.POSITIVE_INFINITY) + this.#granted.bytes - this.#used.bytes;
  }

  /** Whether the database has not been told everything yet. */
  get dirty(): boolean {
    const told = isNothing(this.#used) && isNothing(this.#beside) && this.#uploaded === 0;
    return !told || this.#unanswered.length > 0;
  }

  /** @throws StorageError "quota"; "unavailable" when an outage has lasted longer than what was free. */
  reserve({ bytes = 0, files = 0 }: Use): void | Promise<void> {
    const less = { bytes: Math.min(0, bytes), files: Math.min(0, files) };
    const more = { bytes: Math.max(0, bytes), files: Math.max(0, files) };
    if (less.bytes < 0 || less.files < 0) this.#beside = plus(this.#beside, less);
    this.#reportSoon();
    if (more.bytes === 0 && more.files === 0) return;
    if (this.#takeFromHand(more)) return;
    return this.#inTurn(() => this.#obtain(more));
  }

  /** Tells the database what was used, and gives back the rest. @throws AccountsDatabaseError */
  async report(): Promise<void> {
    await this.#inTurn(async () => {
      // What was not touched since the last report is given back.
      const likes = isNothing(this.#used) || this.#closing ? NOTHING : this.#likes;
      if (this.dirty || !isNothing(this.#granted)) await this.#exchange(NOTHING, likes);
    });
  }

  /** When no session is left. Never throws: what cannot be told is kept, see {@link dirty}. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.report().catch(() => undefined);
  }

  async #obtain(need: Amount): Promise<void> {
    // Whoever came before may have got enough for us too.
    if (this.#takeFromHand(need)) return;
    try {
      this.#adaptGrant();
      if (!(await this.#exchange(need))) {
        throw new StorageError("quota", "the account's quota, counted over all nodes, is used up");
      }
    } catch (error) {
      if (!(error instanceof AccountsDatabaseError) || error.problem !== "unavailable") throw error;
      this.#overdraw(need, error);
      return;
    }
    if (!this.#takeFromHand(need)) throw new StorageError("quota");
  }

  /** The database is away: sessions go on with what was free when it was last heard of. */
  #overdraw(need: Amount, cause: unknown): void {
    if (this.#free === undefined || need.bytes > this.#free.bytes || need.files > this.#free.files) {
      throw new StorageError("unavailable", "the accounts' database is away, and the quota may be used up", {
        cause,
      });
    }
    this.#free = minus(this.#free, need);
    this.#beside = plus(this.#beside, need);
    this.#uploaded += need.bytes;
  }

  #takeFromHand({ bytes, files }: Amount): boolean {
    if (this.#frozen) return false;
    const used = plus(this.#used, { bytes, files });
    if (used.bytes > this.#granted.bytes || used.files > this.#granted.files) return false;
    this.#used = used;
    return true;
  }

  #adaptGrant(): void {
    const fast = performance.now() - this.#lastExchange < BETWEEN_REPORTS;
    const factor = fast ? 2 : 0.5;
    const adapted = (key: keyof Amount): number =>
      Math.min(LARGEST_GRANT[key], Math.max(LEAST_GRANT[key], Math.ceil(this.#likes[key] * factor)));
    this.#likes = { bytes: adapted("bytes"), files: adapted("files") };
  }

  /** Whether what is needed is in hand now. */
  async #exchange(needs: Amount, likes: Amount = this.#likes): Promise<boolean> {
    const { database, account } = this.#o;
    this.#frozen = true;
    try {
      return await serialized(database, `usage ${account.toHexString()}`, () => this.#attempt(needs, likes));
    } catch (error) {
      throw describe(error, "counting what is stored", database.url.secrets);
    } finally {
      this.#frozen = false;
    }
  }

  async #attempt(needs: Amount, likes: Amount): Promise<boolean> {
    const { database, account, node, quota } = this.#o;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#read();
      this.#acknowledge(found);
      const exchange: Exchange = {
        node: node.id,
        sequence: this.#sequence + 1,
        used: this.#used,
        beside: this.#beside,
        uploaded: this.#uploaded,
        needs,
        likes,
        month: monthOf(database.now()),
      };
      if (found.nodes.some((grant) => !node.isAlive(grant.node))) await node.readOthers();
      const settled = settle(found, exchange, { quota: quota(), isAlive: (id) => node.isAlive(id) });
      this.#sequence = exchange.sequence;
      const before = this.#unanswered;
      this.#unanswered = [...before, { exchange, version: found.version }];
      const { matchedCount } = await database.run("counting what is stored", () =>
        database.usage.replaceOne({ _id: account, version: found.version }, settled.next),
      );
      this.#unanswered = matchedCount === 0 ? before : [];
      if (matchedCount === 0) continue;
      this.#account(exchange, settled.granted ?? NOTHING);
      this.#free = settled.free;
      return settled.granted !== undefined;
    }
    throw new AccountsDatabaseError("unavailable", "what is stored changes all the time");
  }

  /** An exchange was made, though its answer did not come; or it can no longer be. */
  #acknowledge(found: UsageDocument): void {
    for (const { exchange } of this.#unanswered) {
      const granted = madeAlready(found, exchange);
      if (granted === undefined) continue;
      this.#unanswered = [];
      this.#account(exchange, granted);
      return;
    }
    this.#unanswered = this.#unanswered.filter(({ version }) => version === found.version);
  }

  /** The database knows of it now; what happened meanwhile is left for the next one. */
  #account({ used, beside, uploaded }: Exchange, granted: Amount): void {
    this.#granted = granted;
    this.#used = minus(this.#used, used);
    this.#beside = minus(this.#beside, beside);
    this.#uploaded -= uploaded;
    this.#lastExchange = performance.now();
  }

  async #read(): Promise<UsageDocument> {
    const { database, account, measure } = this.#o;
    const find = (): Promise<UsageDocument | null> => database.usage.findOne({ _id: account });
    const found = await database.run("reading what is stored", find);
    if (found !== null) return found;
    if (this.#sequence > 0) await this.#forgetIfRemoved();
    const first = { _id: account, ...emptyUsage(monthOf(database.now()), await measure()) };
    try {
      await database.run("counting what is stored", () => database.usage.insertOne(first));
      return first;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return (await database.run("reading what is stored", find)) ?? first;
    }
  }

  /** Nothing is counted for an account that is gone. @throws AccountsDatabaseError then. */
  async #forgetIfRemoved(): Promise<void> {
    const { database, account } = this.#o;
    const there = await database.run("looking for an account", () =>
      database.accounts.findOne({ _id: account }),
    );
    if (there !== null) return;
    this.#granted = NOTHING;
    this.#used = NOTHING;
    this.#beside = NOTHING;
    this.#uploaded = 0;
    this.#unanswered = [];
    throw new AccountsDatabaseError("content", "the account is gone");
  }

  #reportSoon(): void {
    if (this.#closing) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.report()
        .catch(() => undefined)
        .finally(() => {
          // After an outage too: nothing that was counted is lost while the process lives.
          if (this.dirty || !isNothing(this.#granted)) this.#reportSoon();
        });
    }, BETWEEN_REPORTS).unref();
  }

  /** One exchange at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function plus(a: Amount, b: Amount): Amount {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files };
}

function minus(a: Amount, b: Amount): Amount {
  return { bytes: a.bytes - b.bytes, files: a.files - b.files };
}

function isNothing({ bytes, files }: Amount): boolean {
  return bytes === 0 && files === 0;
}

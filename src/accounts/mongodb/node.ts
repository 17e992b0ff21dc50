/** This process among all that use the database: it says again and again that it lives, or it is forgotten. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Database } from "./database.js";

export interface NodeOptions {
  /** Milliseconds without a sign of life after which a node counts as crashed; 30,000 by default. */
  readonly expiry?: number;
}

const EXPIRY = 30_000;
/** Milliseconds that the document of a crashed node is kept, for people. */
const KEPT = 24 * 3_600_000;

export class Node {
  readonly id = randomBytes(8).toString("hex");
  readonly #database: Database;
  readonly #expiry: number;
  readonly #started: Date;
  readonly #timer: NodeJS.Timeout;
  readonly #onForgotten: () => Promise<void>;
  /** As last read: when each one expires, by the database's clock. */
  #alive: ReadonlyMap<string, number> = new Map();
  #beating: Promise<void> | undefined;

  private constructor(database: Database, o: NodeOptions, onForgotten: () => Promise<void>) {
    this.#database = database;
    this.#expiry = o.expiry ?? EXPIRY;
    this.#started = new Date(database.now());
    this.#onForgotten = onForgotten;
    this.#timer = setInterval(() => void this.beat(), this.#expiry / 6).unref();
  }

  /** @param onForgotten Others took this node for dead, as after an outage, and may have removed its sessions. */
  static async join(database: Database, o: NodeOptions, onForgotten: () => Promise<void>): Promise<Node> {
    const node = new Node(database, o, onForgotten);
    await node.#write();
    await node.#removeLongGone();
    await node.readOthers();
    return node;
  }

  /** By what was read last; a node that came later is found by reading again. */
  isAlive(id: string): boolean {
    return id === this.id || (this.#alive.get(id) ?? 0) > this.#database.now();
  }

  async readOthers(): Promise<void> {
    const { nodes } = this.#database;
    const found = await this.#database.run("reading the nodes", () => nodes.find().toArray());
    this.#alive = new Map(found.map(({ _id, expires }) => [_id, expires.getTime()]));
  }

  /** Never throws: an outage is seen elsewhere. */
  beat(): Promise<void> {
    this.#beating ??= this.#beat()
      .catch(() => undefined)
      .finally(() => {
        this.#beating = undefined;
      });
    return this.#beating;
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    const { nodes } = this.#database;
    await this.#database.run("leaving", () => nodes.deleteOne({ _id: this.id })).catch(() => undefined);
  }

  async #beat(): Promise<void> {
    await this.#database.synchronizeClock();
    if ((await this.#write()) === "forgotten") await this.#onForgotten();
    await this.readOthers();
  }

  /** "forgotten" when it was not there, or too late: others may have taken this node for dead. */
  async #write(): Promise<"forgotten" | "known"> {
    const { nodes } = this.#database;
    const now = this.#database.now();
    const document = { host: hostname(), started: this.#started, expires: new Date(now + this.#expiry) };
    const before = await this.#database.run("saying that this node lives", () =>
      nodes.findOneAndReplace({ _id: this.id }, document, { upsert: true, returnDocument: "before" }),
    );
    return before === null || before.expires.getTime() < now ? "forgotten" : "known";
  }

  /** What crashed nodes left; their sessions are removed where they are found. */
  async #removeLongGone(): Promise<void> {
    const { nodes } = this.#database;
    const before = new Date(this.#database.now() - KEPT);
    await this.#database.run("removing crashed nodes", () => nodes.deleteMany({ expires: { $lt: before } }));
  }
}

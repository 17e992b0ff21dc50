/** What a server tells while a test runs, and what Node says of the process meanwhile. */
import assert from "node:assert/strict";
import { afterEach, beforeEach } from "node:test";
import type { FtpServer, ServerEvents, SessionInfo } from "ferry/server";
import type { RawClient } from "ferry/testing";

type Name = keyof ServerEvents;
type Detail<Event extends Name> = ServerEvents[Event][0];

const NAMES: readonly Name[] = [
  "connect",
  "refused",
  "login",
  "command",
  "transfer",
  "disconnect",
  "warning",
];

/** Far more than anything here takes; a test that waits for nothing fails with what it waited for. */
const PATIENCE = 15_000;

/** Every event of a server, in order, from the moment that this is made. */
export class Watch {
  readonly told: { readonly name: Name; readonly detail: Detail<Name> }[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(server: FtpServer) {
    for (const name of NAMES) {
      server.on(name, (detail: Detail<Name>) => {
        this.told.push({ name, detail });
        for (const look of [...this.#waiting]) look();
      });
    }
  }

  get names(): readonly Name[] {
    return this.told.map(({ name }) => name);
  }

  /** All that was told, with what the sessions say of themselves. */
  get text(): string {
    return JSON.stringify(this.told, (_key, value: unknown) => (isSession(value) ? about(value) : value));
  }

  of<Event extends Name>(name: Event): readonly Detail<Event>[] {
    return this.told.filter((each) => each.name === name).map(({ detail }) => detail as Detail<Event>);
  }

  /** The first such event; also one that came before. */
  async first<Event extends Name>(
    name: Event,
    matches: (detail: Detail<Event>) => boolean = () => true,
  ): Promise<Detail<Event>> {
    const before = this.of(name).find(matches);
    if (before !== undefined) return before;
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such ${name} event; there were: ${this.names.join(" ")}`));
      }, PATIENCE);
      const look = (): void => {
        const found = this.of(name).find(matches);
        if (found === undefined) return;
        clearTimeout(late);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
    });
  }

  /** Resolves when so many sessions have ended. */
  async disconnects(count: number): Promise<readonly Detail<"disconnect">[]> {
    await this.first("disconnect", () => this.of("disconnect").length >= count);
    return this.of("disconnect");
  }
}

/** Sessions tell by getters, which JSON leaves out. */
function isSession(value: unknown): value is SessionInfo {
  return typeof value === "object" && value !== null && "peer" in value && "client" in value;
}

function about({ id, peer, local, account, client, secure }: SessionInfo): SessionInfo {
  return { id, peer, local, account, client, secure };
}

/**
 * From now on each test of the file fails when Node warns, such as of too many listeners, or when an error
 * reaches the process. (The test runner sees such errors too, but may count them to another test.)
 */
export function failOnProcessTrouble(): void {
  const trouble: unknown[] = [];
  const note = (what: unknown): void => void trouble.push(what);
  beforeEach(() => {
    trouble.length = 0;
    process.on("warning", note);
    process.on("uncaughtExceptionMonitor", note);
  });
  afterEach(() => {
    process.removeListener("warning", note);
    process.removeListener("uncaughtExceptionMonitor", note);
    assert.deepEqual(trouble, []);
  });
}

/**
 * Resolves when the server has read what other connections sent before: a line of this one goes to it and back,
 * twice, because the first answer may come from the same poll of its event loop.
 */
export async function seenBy(other: RawClient): Promise<void> {
  await other.command("NOOP");
  await other.command("NOOP");
}

/** Whatever else is sent, until the server closes. */
export async function remainingCodes(client: RawClient): Promise<number[]> {
  const codes: number[] = [];
  await client.closed;
  while (client.unread > 0) codes.push((await client.reply()).code);
  return codes;
}

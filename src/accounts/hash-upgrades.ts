/** Weak or old hashes of the accounts file, replaced after a login: many with one writing of the file. */
import { editAccountsFile } from "./file-edit.js";
import type { Passwords } from "./password.js";
import type { AccountRecord } from "./record.js";

/** Milliseconds: a file of 20,000 accounts takes a third of a second to write. */
const BETWEEN_WRITES = 1000;

export class HashUpgrades {
  readonly #file: string;
  readonly #passwords: Passwords;
  readonly #warn: ((message: string, error?: unknown) => void) | undefined;
  /** By name. */
  readonly #hashing = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, { readonly before: string; readonly after: string }>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    file: string,
    passwords: Passwords,
    warn: ((message: string, error?: unknown) => void) | undefined,
  ) {
    this.#file = file;
    this.#passwords = passwords;
    this.#warn = warn;
  }

  /** In the background: the login does not wait for a second hash. */
  offer({ name, password: before }: AccountRecord, password: string): void {
    if (!this.#passwords.needsRehash(before) || this.#hashing.has(name) || this.#waiting.has(name)) return;
    const job = this.#passwords
      .hash(password)
      .then((after) => {
        this.#waiting.set(name, { before, after });
        this.#timer ??= setTimeout(() => this.#write(), BETWEEN_WRITES).unref();
      })
      .catch((error) => this.#warn?.(`cannot make a stronger hash for account ${name}`, error))
      .finally(() => this.#hashing.delete(name));
    this.#hashing.set(name, job);
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await Promise.all(this.#hashing.values());
    this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const upgrades = new Map(this.#waiting);
    this.#writing = this.#writing
      .then(() => this.#replace(upgrades))
      .catch((error) => this.#warn?.(`cannot store stronger hashes in ${this.#file}`, error))
      .finally(() => {
        for (const name of upgrades.keys()) this.#waiting.delete(name);
      });
  }

  /** Unless an account has another password by now. */
  #replace(
    upgrades: ReadonlyMap<string, { readonly before: string; readonly after: string }>,
  ): Promise<void> {
    return editAccountsFile(this.#file, (accounts) => {
      let result: "changed" | "unchanged" = "unchanged";
      for (const [name, { before, after }] of upgrades) {
        const now = accounts.get(name);
        if (now?.password !== before) continue;
        accounts.set(name, { ...now, password: after });
        result = "changed";
      }
      return result;
    });
  }
}

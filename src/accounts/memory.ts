/** Accounts written in code, for applications and for `ferry serve --user`. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Pathname, pathname, ROOT } from "../protocol/pathname.js";
import { encodeText } from "../protocol/text.js";
import type {
  Account,
  AccountLease,
  AccountLimits,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Permissions,
  Refusal,
} from "./accounts.js";
import { type CertificateRules, certificateVerdict, isCertificateRule } from "./certificates.js";
import { type Decoys, decoysOf } from "./decoys.js";
import { Leases } from "./lease.js";
import { isAccountName } from "./name.js";
import { type Passwords, sharedPasswords } from "./password.js";
import { parsePasswordHash } from "./password-hash.js";
import { type PermissionRules, permissionsOf } from "./permissions.js";
import { type StorageSource, storageOpener } from "./storage-source.js";
import { TurnstileError } from "./turnstile.js";

export type MemoryAccount = CertificateRules & {
  readonly name: string;
  readonly storage: StorageSource;
  /** The working directory after login; the root by default. */
  readonly home?: string;
  /** Everything by default. */
  readonly permissions?: PermissionRules;
  readonly limits?: AccountLimits;
  readonly mounts?: Account["mounts"];
  readonly requireTls?: Account["requireTls"];
} & (
    | {
        /** In clear: compared in constant time, which costs no hash. */
        readonly password: string;
      }
    | {
        /** As `Passwords.hash` gives it, or any other form that it verifies. */
        readonly passwordHash: string;
      }
  );

export class MemoryAccounts implements AccountStore {
  readonly #passwords: Passwords;
  readonly #leases = new Leases();
  readonly #accounts = new Map<string, KnownAccount>();
  #decoys: Decoys = decoysOf([]);

  /**
   * @throws TypeError for a name that is none or is there twice, an empty password or a wrong permission;
   * PasswordHashError; PathnameError.
   */
  constructor(accounts: Iterable<MemoryAccount>, o: { readonly passwords?: Passwords } = {}) {
    this.#passwords = o.passwords ?? sharedPasswords;
    this.replace(accounts);
  }

  /**
   * From now on these are the accounts. Sessions of an account that is not among them lose it at once; those of
   * one that is keep their storage and get its permissions and limits. Throws as the constructor does, and then
   * changes nothing.
   */
  replace(accounts: Iterable<MemoryAccount>): void {
    const next = new Map<string, KnownAccount>();
    for (const account of accounts) {
      if (!isAccountName(account.name))
        throw new TypeError(`not an account name: ${JSON.stringify(account.name)}`);
      if (next.has(account.name)) throw new TypeError(`two accounts named ${JSON.stringify(account.name)}`);
      next.set(account.name, knownAccount(account));
    }
    this.#accounts.clear();
    for (const [name, known] of next) this.#accounts.set(name, known);
    this.#decoys = decoysOf(
      [...next.values()].flatMap(({ secret }) => ("hash" in secret ? [secret.hash] : [])),
    );
    this.#leases.changed();
  }

  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    const known = isAccountName(attempt.name) ? this.#accounts.get(attempt.name) : undefined;
    const verdict = certificateVerdict(known?.rules, attempt);
    if (verdict === "refused" && attempt.password === undefined) return { refused: "credentials" };
    try {
      const right = verdict === "enough" || (await this.#isRight(known, attempt));
      if (!right || verdict === "refused" || known === undefined) return { refused: "credentials" };
    } catch (error) {
      if (error instanceof TurnstileError) return { refused: "unavailable" };
      throw error;
    }
    const { home, permissions, limits, mounts, requireTls } = known;
    const storage = await known.openStorage(attempt);
    return {
      ok: {
        name: attempt.name,
        storage,
        home,
        permissions,
        limits,
        ...(mounts && { mounts }),
        ...(requireTls && { requireTls }),
      },
    };
  }

  async open(account: Account): Promise<AccountLease | { readonly refused: Refusal }> {
    return this.#leases.open(account, (before) => {
      const known = this.#accounts.get(before.name);
      if (known === undefined) return undefined;
      if (known.permissions === before.permissions && known.limits === before.limits) return before;
      return { ...before, permissions: known.permissions, limits: known.limits };
    });
  }

  /**
   * In a store that holds hashes, every wrong password costs one verification: also for an account whose
   * password is in clear and for a name that does not exist.
   */
  async #isRight(known: KnownAccount | undefined, attempt: LoginAttempt): Promise<boolean> {
    const { password = "", signal } = attempt;
    const secret = known?.secret ?? NO_SECRET;
    // For every name: this too takes time.
    const like = this.#decoys.for(attempt.name);
    const digest = digestOf(password);
    if ("hash" in secret) return this.#passwords.verify(secret.hash, password, signal);
    if (timingSafeEqual(secret.digest, digest)) return true;
    return like !== undefined && this.#passwords.verifyDummy(password, like, signal);
  }
}

interface KnownAccount {
  readonly secret: { readonly digest: Buffer } | { readonly hash: string };
  readonly openStorage: ReturnType<typeof storageOpener>;
  readonly home: Pathname;
  readonly permissions: Permissions;
  readonly limits: AccountLimits;
  readonly mounts: Account["mounts"];
  readonly requireTls: Account["requireTls"];
  readonly rules: CertificateRules;
}

function knownAccount(account: MemoryAccount): KnownAccount {
  return {
    secret: secretOf(account),
    openStorage: storageOpener(account.storage),
    home: account.home === undefined ? ROOT : pathname(account.home),
    permissions: permissionsOf(account.permissions ?? "all"),
    limits: account.limits ?? {},
    mounts: account.mounts,
    requireTls: account.requireTls,
    rules: rulesOf(account),
  };
}

function rulesOf({ name, certificates = [], certificateUse = "alone" }: MemoryAccount): CertificateRules {
  for (const rule of certificates) {
    if (isCertificateRule(rule)) continue;
    throw new TypeError(`no certificate fingerprint of ${JSON.stringify(name)}: ${JSON.stringify(rule)}`);
  }
  return { certificates, certificateUse };
}

function secretOf(account: MemoryAccount): KnownAccount["secret"] {
  if ("passwordHash" in account) {
    parsePasswordHash(account.passwordHash);
    return { hash: account.passwordHash };
  }
  if (account.password === "")
    throw new TypeError(`the password of ${JSON.stringify(account.name)} is empty`);
  return { digest: digestOf(account.password) };
}

const key = randomBytes(32);
const NO_SECRET: KnownAccount["secret"] = { digest: randomBytes(32) };

/** Equal lengths for timingSafeEqual; keyed, so that the digests of one process say nothing elsewhere. */
function digestOf(password: string): Buffer {
  return createHmac("sha256", key).update(encodeText(password)).digest();
}

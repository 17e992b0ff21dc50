/**
 * Passwords: hashing (argon2id, RFC 9106) and verifying. The work runs in libuv's thread pool, so the event
 * loop goes on; few run at once, so that files, which use the same pool, are not starved by a flood of logins.
 */
import { scrypt, timingSafeEqual } from "node:crypto";
import { hash as argon2Hash, hashRaw as argon2HashRaw } from "@node-rs/argon2";
import { verify as bcryptVerify } from "@node-rs/bcrypt";
import { encodeText } from "../protocol/text.js";
import { decoyLike, type PasswordHash, parsePasswordHash } from "./password-hash.js";
import { MAX_PASSWORD_LENGTH } from "./password-length.js";
import { sha512Crypt } from "./sha512-crypt.js";
import { Turnstile } from "./turnstile.js";

export interface PasswordCost {
  /** KiB, 8 to 262144. */
  readonly memory: number;
  /** 1 or more. */
  readonly passes: number;
  /** 1 to 16. */
  readonly lanes: number;
}

/** OWASP's first recommendation for argon2id with 19 MiB; about 20 ms of a core. */
export const DEFAULT_PASSWORD_COST: PasswordCost = { memory: 19_456, passes: 2, lanes: 1 };

export interface PasswordsOptions {
  /** Of new hashes. */
  readonly cost?: Partial<PasswordCost>;
  /** Jobs at once; half of libuv's four threads by default. */
  readonly atOnce?: number;
  /** Jobs that may wait; one more is refused. At the default cost a thousand take about 10 s. */
  readonly mostWaiting?: number;
}

const MOST_DECOYS = 2000;

export class Passwords {
  readonly #cost: PasswordCost;
  readonly #turnstile: Turnstile;
  /** What a name costs where nothing else is known: the cost of a hash of our own. */
  readonly #typical: PasswordHash;
  readonly #decoys = new Map<string, string>();

  /** @throws PasswordHashError when the cost is out of bounds. */
  constructor(o: PasswordsOptions = {}) {
    this.#cost = { ...DEFAULT_PASSWORD_COST, ...o.cost };
    this.#turnstile = new Turnstile(o.atOnce ?? 2, o.mostWaiting ?? 1000);
    const { memory, passes, lanes } = this.#cost;
    const [salt, digest] = ["A".repeat(22), "A".repeat(43)];
    this.#typical = parsePasswordHash(`$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${salt}$${digest}`);
  }

  /**
   * An argon2id PHC string with a random salt.
   * @throws RangeError when the password is empty or longer than {@link MAX_PASSWORD_LENGTH}; TurnstileError.
   */
  hash(password: string): Promise<string> {
    const bytes = encodeText(password);
    if (bytes.length === 0 || bytes.length > MAX_PASSWORD_LENGTH) {
      return Promise.reject(new RangeError(`a password has 1 to ${MAX_PASSWORD_LENGTH} bytes`));
    }
    const { memory, passes, lanes } = this.#cost;
    const o = { memoryCost: memory, timeCost: passes, parallelism: lanes };
    return this.#turnstile.run(() => argon2Hash(bytes, o));
  }

  /**
   * Whether the password is the one that was hashed. A password that is too long costs the same and is wrong.
   * @throws PasswordHashError for a hash that cannot be used; TurnstileError when too many wait; the signal's
   * reason when it aborts before its turn.
   */
  async verify(hash: string, password: string, signal?: AbortSignal): Promise<boolean> {
    const parsed = parsePasswordHash(hash);
    const bytes = encodeText(password);
    const bounded = bytes.subarray(0, MAX_PASSWORD_LENGTH);
    const same = await this.#turnstile.run(() => matches(parsed, hash, bounded), signal);
    return same && bounded.length === bytes.length;
  }

  /**
   * Costs what verifying costs and is always false: for names that do not exist.
   * @param like A hash of the store, whose parameters are taken; those of new hashes when absent.
   */
  async verifyDummy(password: string, like?: string, signal?: AbortSignal): Promise<false> {
    await this.verify(this.#decoy(like), password, signal);
    return false;
  }

  /** Made once for each hash: making one takes long enough to be measured beside a cheap hash. */
  #decoy(like = ""): string {
    const known = this.#decoys.get(like);
    if (known !== undefined) return known;
    const decoy = decoyLike(like === "" ? this.#typical : parsePasswordHash(like));
    if (this.#decoys.size >= MOST_DECOYS) this.#decoys.clear();
    this.#decoys.set(like, decoy);
    return decoy;
  }

  /** Whether a hash is weaker than a new one would be; false for one that cannot be used. */
  needsRehash(hash: string): boolean {
    let parsed: PasswordHash;
    try {
      parsed = parsePasswordHash(hash);
    } catch {
      return false;
    }
    if (parsed.scheme !== "argon2" || parsed.variant !== "argon2id" || parsed.version !== 19) return true;
    return parsed.memory * parsed.passes < this.#cost.memory * this.#cost.passes;
  }
}

/** One for all stores of a process that are given no other, so that together they keep its bound. */
export const sharedPasswords = new Passwords();

async function matches(parsed: PasswordHash, text: string, password: Buffer): Promise<boolean> {
  if (parsed.scheme === "bcrypt") return bcryptVerify(password, text);
  if (parsed.scheme === "sha512-crypt") {
    return timingSafeEqual(
      Buffer.from(await sha512Crypt(password, parsed.salt, parsed.rounds)),
      parsed.digest,
    );
  }
  const derived = await (parsed.scheme === "argon2" ? argon2(parsed, password) : scryptOf(parsed, password));
  return timingSafeEqual(derived, parsed.digest);
}

/** Not the library's `verify`: it throws for a password that is not UTF-8. */
function argon2(hash: Argon2Hash, password: Buffer): Promise<Buffer> {
  return argon2HashRaw(password, {
    algorithm: hash.variant === "argon2id" ? ARGON2ID : ARGON2I,
    version: hash.version === 19 ? VERSION_19 : VERSION_16,
    memoryCost: hash.memory,
    timeCost: hash.passes,
    parallelism: hash.lanes,
    salt: hash.salt,
    outputLen: hash.digest.length,
  });
}

// The library declares these as const enums, whose names cannot be used with isolated modules.
const ARGON2I = 1;
const ARGON2ID = 2;
const VERSION_16 = 0;
const VERSION_19 = 1;

function scryptOf(
  { logBlocks, blockSize, lanes, salt, digest }: ScryptHash,
  password: Buffer,
): Promise<Buffer> {
  const N = 2 ** logBlocks;
  // Twice what RFC 7914 needs: OpenSSL counts more than the blocks.
  const o = { N, r: blockSize, p: lanes, maxmem: 256 * (N + lanes) * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, digest.length, o, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

type Argon2Hash = PasswordHash & { readonly scheme: "argon2" };
type ScryptHash = PasswordHash & { readonly scheme: "scrypt" };

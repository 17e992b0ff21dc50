/**
 * Stored password hashes: the text forms that Ferry verifies, parsed, with bounds on what verifying one may
 * cost. Argon2 and scrypt are PHC strings (`$argon2id$v=19$m=…,t=…,p=…$salt$digest`, `$scrypt$ln=…,r=…,p=…$…`),
 * bcrypt has its own form (`$2b$10$…`), and so have libsodium's scrypt (`$7$…`, as Pure-FTPd writes it) and
 * crypt-sha512 (`$6$…`).
 */
import { randomBytes } from "node:crypto";
import { cryptBytes, cryptNumber } from "./crypt-base64.js";

export type PasswordHash =
  | {
      readonly scheme: "argon2";
      readonly variant: "argon2id" | "argon2i";
      /** 19 is current; 16 is the draft that early libraries wrote. */
      readonly version: 16 | 19;
      /** KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
      readonly salt: Buffer;
      readonly digest: Buffer;
    }
  | {
      readonly scheme: "scrypt";
      /** Binary logarithm of the number of blocks. */
      readonly logBlocks: number;
      /** In units of 128 bytes. */
      readonly blockSize: number;
      readonly lanes: number;
      readonly salt: Buffer;
      readonly digest: Buffer;
    }
  | {
      readonly scheme: "bcrypt";
      /** Binary logarithm of the number of rounds. */
      readonly cost: number;
    }
  | {
      readonly scheme: "sha512-crypt";
      readonly rounds: number;
      readonly salt: Buffer;
      /** In its text form, 86 characters. */
      readonly digest: Buffer;
    };

/** A stored hash that cannot be used. `message` says why and never holds a part of the hash. */
export class PasswordHashError extends Error {
  override readonly name = "PasswordHashError";
  readonly code = "ERR_FERRY_PASSWORD_HASH";
}

/** KiB that one verification may take: libsodium's "moderate" setting. */
const MAX_MEMORY = 262_144;
/** KiB times passes: about one second of a core. */
const MAX_ARGON2_WORK = 4 * MAX_MEMORY;
const MAX_LANES = 16;
/** 709 ms were measured; each step doubles it. */
const MAX_BCRYPT_COST = 14;
/** About half a second of a core; crypt itself takes 5000 when nothing is said, and never less than 1000. */
const MAX_SHA512_ROUNDS = 200_000;
const MIN_SHA512_ROUNDS = 1000;
const DEFAULT_SHA512_ROUNDS = 5000;
/** RFC 9106 3.1 allows more; nobody stores it. */
const MAX_SALT = 64;
const MAX_DIGEST = 64;

const ARGON2 =
  /^\$(argon2id|argon2i)(?:\$v=(16|19))?\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SODIUM_SCRYPT =
  /^\$7\$([./A-Za-z0-9])([./A-Za-z0-9]{5})([./A-Za-z0-9]{5})([./A-Za-z0-9]{1,64})\$([./A-Za-z0-9]{43})$/;
const SHA512_CRYPT = /^\$6\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./A-Za-z0-9]{86})$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** @throws PasswordHashError when it is no form that is verified, or when verifying it would cost too much. */
export function parsePasswordHash(text: string): PasswordHash {
  if (text.startsWith("$argon2")) return parseArgon2(text);
  if (text.startsWith("$scrypt$")) return parseScrypt(text);
  if (text.startsWith("$7$")) return parseSodiumScrypt(text);
  if (text.startsWith("$6$")) return parseSha512Crypt(text);
  if (text.startsWith("$2")) return parseBcrypt(text);
  throw new PasswordHashError(
    "not a password hash of a known kind (argon2id, argon2i, scrypt, bcrypt or crypt-sha512)",
  );
}

/** A PHC string (or a bcrypt one) of the same parameters that no password matches, and that costs the same. */
export function decoyLike(hash: PasswordHash): string {
  if (hash.scheme === "bcrypt") {
    // The last character of each part holds fewer than six bits; `.` is zero, thus canonical.
    const salt = bcryptText(randomBytes(21));
    const digest = bcryptText(randomBytes(30));
    return `$2b$${String(hash.cost).padStart(2, "0")}$${salt}.${digest}.`;
  }
  if (hash.scheme === "sha512-crypt") {
    const salt = bcryptText(randomBytes(hash.salt.length));
    return `$6$rounds=${hash.rounds}$${salt}$${bcryptText(randomBytes(86))}`;
  }
  const salt = phcText(randomBytes(hash.salt.length));
  const digest = phcText(randomBytes(hash.digest.length));
  if (hash.scheme === "scrypt") {
    return `$scrypt$ln=${hash.logBlocks},r=${hash.blockSize},p=${hash.lanes}$${salt}$${digest}`;
  }
  const { variant, version, memory, passes, lanes } = hash;
  return `$${variant}$v=${version}$m=${memory},t=${passes},p=${lanes}$${salt}$${digest}`;
}

function parseArgon2(text: string): PasswordHash {
  const found = ARGON2.exec(text);
  if (found === null) throw new PasswordHashError("not an argon2id or argon2i hash in PHC form");
  const [, variant, version, m, t, p, salt, digest] = found as unknown as string[];
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)];
  if (lanes < 1 || lanes > MAX_LANES) throw tooCostly("argon2", `p from 1 to ${MAX_LANES}`);
  if (memory < 8 * lanes || memory > MAX_MEMORY) throw tooCostly("argon2", `m from 8p to ${MAX_MEMORY}`);
  if (passes < 1 || memory * passes > MAX_ARGON2_WORK) {
    throw tooCostly("argon2", `m times t of at most ${MAX_ARGON2_WORK}`);
  }
  return {
    scheme: "argon2",
    variant: variant === "argon2id" ? "argon2id" : "argon2i",
    version: version === "19" ? 19 : 16,
    memory,
    passes,
    lanes,
    salt: phcBytes("salt", salt, 8, MAX_SALT),
    digest: phcBytes("digest", digest, 16, MAX_DIGEST),
  };
}

function parseScrypt(text: string): PasswordHash {
  const found = SCRYPT.exec(text);
  if (found === null) throw new PasswordHashError("not a scrypt hash in PHC form ($scrypt$ln=…,r=…,p=…$…$…)");
  const [, ln, r, p, salt, digest] = found as unknown as string[];
  const [logBlocks, blockSize, lanes] = [Number(ln), Number(r), Number(p)];
  return scryptHash(logBlocks, blockSize, lanes, {
    salt: phcBytes("salt", salt, 8, MAX_SALT),
    digest: phcBytes("digest", digest, 16, MAX_DIGEST),
  });
}

/** libsodium's crypto_pwhash_scryptsalsa208sha256_str; the salt is used as the text that it is. */
function parseSodiumScrypt(text: string): PasswordHash {
  const found = SODIUM_SCRYPT.exec(text);
  if (found === null) throw new PasswordHashError("not a scrypt hash in libsodium's form ($7$…)");
  const [, ln = "", r = "", p = "", salt = "", digest = ""] = found;
  return scryptHash(cryptNumber(ln), cryptNumber(r), cryptNumber(p), {
    salt: Buffer.from(salt, "latin1"),
    digest: cryptBytes(digest),
  });
}

function parseSha512Crypt(text: string): PasswordHash {
  const found = SHA512_CRYPT.exec(text);
  if (found === null) throw new PasswordHashError("not a crypt-sha512 hash ($6$salt$ and 86 characters)");
  const [, said, salt = "", digest = ""] = found;
  const rounds = said === undefined ? DEFAULT_SHA512_ROUNDS : Number(said);
  if (rounds < MIN_SHA512_ROUNDS || rounds > MAX_SHA512_ROUNDS) {
    throw tooCostly("crypt-sha512", `rounds from ${MIN_SHA512_ROUNDS} to ${MAX_SHA512_ROUNDS}`);
  }
  return { scheme: "sha512-crypt", rounds, salt: Buffer.from(salt), digest: Buffer.from(digest) };
}

function scryptHash(
  logBlocks: number,
  blockSize: number,
  lanes: number,
  { salt, digest }: { readonly salt: Buffer; readonly digest: Buffer },
): PasswordHash {
  // RFC 7914 2: N is less than 2^(128 r / 8).
  if (logBlocks < 1 || logBlocks >= 16 * blockSize || lanes < 1 || lanes > MAX_LANES) {
    throw tooCostly("scrypt", `ln from 1 to 16r - 1, p from 1 to ${MAX_LANES}`);
  }
  const memory = (2 ** logBlocks * blockSize) / 8;
  if (memory * lanes > MAX_MEMORY)
    throw tooCostly("scrypt", `2^ln times r times p of at most ${8 * MAX_MEMORY}`);
  return { scheme: "scrypt", logBlocks, blockSize, lanes, salt, digest };
}

function parseBcrypt(text: string): PasswordHash {
  const found = BCRYPT.exec(text);
  if (found === null) throw new PasswordHashError("not a bcrypt hash ($2a$, $2b$ or $2y$ and 60 characters)");
  const cost = Number(found[1]);
  if (cost < 4 || cost > MAX_BCRYPT_COST) throw tooCostly("bcrypt", `a cost from 4 to ${MAX_BCRYPT_COST}`);
  return { scheme: "bcrypt", cost };
}

function tooCostly(scheme: string, allowed: string): PasswordHashError {
  return new PasswordHashError(`${scheme} parameters out of bounds: ${allowed} is taken`);
}

function phcBytes(what: string, text: string | undefined, least: number, most: number): Buffer {
  const bytes = Buffer.from(text ?? "", "base64");
  if (bytes.length < least || bytes.length > most) {
    throw new PasswordHashError(`the ${what} has ${bytes.length} bytes; ${least} to ${most} are taken`);
  }
  return bytes;
}

/** Base64 without padding, as PHC strings have it. */
export function phcText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

/** Any order of crypt's characters does for what no password matches. */
const BCRYPT_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function bcryptText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BCRYPT_ALPHABET.charAt(byte % 64)).join("");
}

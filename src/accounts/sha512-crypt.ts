/**
 * SHA-512 crypt, the `$6$` of /etc/shadow, proftpd and Pure-FTPd lists (Ulrich Drepper, "Unix crypt using SHA-256
 * and SHA-512"). Only to verify what was brought along: the next login replaces it. The libraries that do this
 * hash in one go on the event loop, up to half a second long; here the loop has its turn every few rounds.
 */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CRYPT_ALPHABET } from "./crypt-base64.js";

/** About 1 ms of a core. */
const ROUNDS_PER_TURN = 250;

/** The 86 characters after the last `$`. @param salt At most 16 bytes. */
export async function sha512Crypt(password: Buffer, salt: Buffer, rounds: number): Promise<string> {
  let digest = firstDigest(password, salt);
  const sequences = {
    password: repeated(sha512(times(password, password.length)), password.length),
    salt: repeated(sha512(times(salt, 16 + (digest[0] ?? 0))), salt.length),
  };
  for (let round = 0; round < rounds; round++) {
    if (round % ROUNDS_PER_TURN === 0) await nextTurn();
    digest = nextDigest(digest, round, sequences);
  }
  return encoded(digest);
}

/** Steps 1 to 12. */
function firstDigest(password: Buffer, salt: Buffer): Buffer {
  const alternate = sha512(password, salt, password);
  const byBits: Buffer[] = [];
  for (let length = password.length; length > 0; length >>= 1) byBits.push(length & 1 ? alternate : password);
  return sha512(password, salt, repeated(alternate, password.length), ...byBits);
}

/** Step 21. */
function nextDigest(
  digest: Buffer,
  round: number,
  { password, salt }: { readonly password: Buffer; readonly salt: Buffer },
): Buffer {
  const odd = round % 2 === 1;
  const hash = createHash("sha512").update(odd ? password : digest);
  if (round % 3 !== 0) hash.update(salt);
  if (round % 7 !== 0) hash.update(password);
  return hash.update(odd ? digest : password).digest();
}

/** Step 22: the bytes in groups of three, each from another third, rotated from group to group. */
function encoded(digest: Buffer): string {
  let text = "";
  for (let group = 0; group < 21; group++) {
    const thirds = [group, group + 21, group + 42];
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map((n) => digest[thirds[(n + group) % 3] ?? 0] ?? 0);
    text += characters((a << 16) | (b << 8) | c, 4);
  }
  return text + characters(digest[63] ?? 0, 2);
}

function characters(value: number, count: number): string {
  return Array.from({ length: count }, (_, n) => CRYPT_ALPHABET.charAt((value >> (6 * n)) & 63)).join("");
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function times(part: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => part));
}

/** To `length` bytes. */
function repeated(part: Buffer, length: number): Buffer {
  return Buffer.alloc(length, part);
}

/** Which ciphers are spoken, and in which order. */
import { createCipheriv } from "node:crypto";

/** Forward secrecy and authenticated encryption only: what TLS 1.3 has, and the same for TLS 1.2. */
const AES = {
  modern: ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"],
  before: [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
  ],
};
const CHACHA = {
  modern: ["TLS_CHACHA20_POLY1305_SHA256"],
  before: ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
};
/** Old clients without elliptic curves; OpenSSL then makes parameters that fit the key. */
const LAST = ["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384"];

let order: string | undefined;

/** For `tls.createSecureContext`: the cipher that this machine is fastest with first. Measured once. */
export function cipherOrder(): string {
  order ??= orderOf(aesIsFaster());
  return order;
}

export function orderOf(aesFirst: boolean): string {
  const [first, second] = aesFirst ? [AES, CHACHA] : [CHACHA, AES];
  return [...first.modern, ...second.modern, ...first.before, ...second.before, ...LAST].join(":");
}

/** Without AES in hardware ChaCha20 is two to four times as fast; with it AES is. Takes a few milliseconds. */
function aesIsFaster(): boolean {
  return fastest("aes-128-gcm", 16) <= fastest("chacha20-poly1305", 32);
}

function fastest(cipher: "aes-128-gcm" | "chacha20-poly1305", keyBytes: number): number {
  const record = new Uint8Array(256 * 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const begin = performance.now();
    createCipheriv(cipher as "aes-128-gcm", new Uint8Array(keyBytes), new Uint8Array(12)).update(record);
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

/** The base64 of crypt(3): another alphabet, and the low bits first. */
export const CRYPT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Six bits for each character. */
export function cryptNumber(text: string): number {
  return Array.from(text, (c) => CRYPT_ALPHABET.indexOf(c)).reduceRight((value, six) => value * 64 + six, 0);
}

/** Three bytes for each four characters, and what is left for the last ones. */
export function cryptBytes(text: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 4) {
    const four = text.slice(at, at + 4);
    const value = cryptNumber(four);
    for (let n = 0; n < four.length - 1; n++) bytes.push((value >> (8 * n)) & 255);
  }
  return Buffer.from(bytes);
}

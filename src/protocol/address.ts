/** Internet addresses as commands and replies write them (RFC 2428 2): checked, and in one form for each. */

export interface InternetAddress {
  /** The protocol's version, which is also the way that addresses are told apart by programs. */
  readonly family: 4 | 6;
  /** Dotted decimal, or as RFC 5952 recommends: lower case, shortened, mapped IPv4 addresses dotted. */
  readonly address: string;
}

/** Longest text of an address: a mapped IPv4 address in full, `ffff:…:ffff:255.255.255.255`. */
const LONGEST = 45;

/** Four decimal numbers, 0 to 255, without leading zeros, which some programs read as octal. */
export function parseIpv4(text: string): [number, number, number, number] | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (found === null) return undefined;
  const bytes = found.slice(1).map(Number) as [number, number, number, number];
  return bytes.join(".") === text && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/**
 * The eight numbers of an IPv6 address in any form of RFC 4291 2.2. A zone (`%eth0`) is refused: it has a
 * meaning on one machine only, and neither RFC 2428 nor RFC 1639 knows it.
 */
export function parseIpv6(text: string): number[] | undefined {
  if (text.length > LONGEST) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves as [string, string?];
  const before = groupsOf(head, tail === undefined);
  if (before === undefined || tail === undefined) return before?.length === 8 ? before : undefined;
  const after = groupsOf(tail, true);
  if (after === undefined) return undefined;
  const zeros = 8 - before.length - after.length;
  // `::` stands for at least one group (RFC 4291 2.2).
  return zeros < 1 ? undefined : [...before, ...new Array<number>(zeros).fill(0), ...after];
}

/** Text of the eight numbers as RFC 5952 has it. */
export function formatIpv6(groups: readonly number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high, low] = groups.slice(6) as [number, number];
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const { at, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, at).join(":")}::${hex.slice(at + length).join(":")}`;
}

/** An address of the given family; undefined when the text is none. */
export function parseAddress(text: string, family: 4 | 6): InternetAddress | undefined {
  if (family === 4) return parseIpv4(text) === undefined ? undefined : { family, address: text };
  const groups = parseIpv6(text);
  return groups === undefined ? undefined : { family, address: formatIpv6(groups) };
}

/** Groups between colons; none for the empty text. Dotted decimal may stand for the last two. */
function groupsOf(text: string, dottedAllowed: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [n, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const dotted = dottedAllowed && n === parts.length - 1 ? parseIpv4(part) : undefined;
    if (dotted === undefined) return undefined;
    groups.push((dotted[0] << 8) | dotted[1], (dotted[2] << 8) | dotted[3]);
  }
  return groups;
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { at: number; length: number } {
  let longest = { at: 0, length: 0 };
  let at = 0;
  for (const [n, group] of groups.entries()) {
    if (group !== 0) at = n + 1;
    else if (n + 1 - at > longest.length) longest = { at, length: n + 1 - at };
  }
  return longest;
}

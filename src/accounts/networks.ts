/** Networks that logins may come from: `10.0.0.0/8`, `fd00::/8`, or one address. */
import { BlockList, isIP } from "node:net";

export function isNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/** @throws TypeError for a text that is no network. */
export function networksOf(texts: readonly string[]): { has(address: string): boolean } {
  const list = new BlockList();
  for (const text of texts) {
    const network = parse(text);
    if (network === undefined) throw new TypeError(`not a network: ${JSON.stringify(text)}`);
    list.addSubnet(network.address, network.length, network.family);
  }
  return {
    has(address) {
      const plain = unmapped(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

interface Network {
  readonly address: string;
  readonly length: number;
  readonly family: "ipv4" | "ipv6";
}

function parse(text: string): Network | undefined {
  const [said = "", prefix, ...rest] = text.split("/");
  const address = unmapped(said);
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes("%")) return undefined;
  const longest = version === 4 ? 32 : 128;
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (length < 0 || length > longest) return undefined;
  return { address, length, family: version === 4 ? "ipv4" : "ipv6" };
}

/** A socket of `::` shows IPv4 peers as `::ffff:192.0.2.1`, and link-local ones with their interface. */
function unmapped(address: string): string {
  const plain = address.replace(/%.*$/, "");
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(plain) ? plain.slice("::ffff:".length) : plain;
}

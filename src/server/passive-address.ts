/** The address that 227 tells: behind NAT not the one that we listen on (field study, theme 1). */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv4 } from "node:net";
import type { PassiveAddress } from "./options.js";
import type { Session } from "./session.js";

/** Milliseconds that a name's address is kept, so that not every PASV asks the resolver. */
const NAME_LIFETIME = 60_000;
const names = new Map<string, { readonly address: string; readonly until: number }>();

/** The configured address for this client, else the one that it reached; what fails on the way counts as none. */
export async function passiveAddressFor(session: Session): Promise<string> {
  const { passiveAddress } = session.server.options;
  const local = session.local.address;
  if (passiveAddress === undefined) return local;
  const chosen = await choose(passiveAddress, session.peer.address, local).catch((error: unknown) => {
    session.server.tell("warning", { message: "no passive address could be chosen", error });
    return undefined;
  });
  if (chosen === undefined) return local;
  if (isIP(chosen) !== 0) return chosen;
  return (await resolveName(chosen, session)) ?? local;
}

async function choose(rule: PassiveAddress, peer: string, local: string): Promise<string | undefined> {
  if (typeof rule === "string") return rule;
  if (typeof rule === "function") return await rule({ address: peer, local });
  return rule.find(({ network }) => isInNetwork(peer, network))?.address;
}

/** @param network an address, or one with a prefix length: `10.0.0.0/8` */
export function isInNetwork(address: string, network: string): boolean {
  const [base = "", prefix] = network.split("/");
  const family = isIPv4(base) ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(base, prefix === undefined ? (family === "ipv4" ? 32 : 128) : Number(prefix), family);
  return list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

async function resolveName(name: string, session: Session): Promise<string | undefined> {
  const known = names.get(name);
  if (known !== undefined && known.until > Date.now()) return known.address;
  try {
    const { address } = await lookup(name, { family: 4 });
    names.set(name, { address, until: Date.now() + NAME_LIFETIME });
    return address;
  } catch (error) {
    session.server.tell("warning", { message: `the passive address ${name} cannot be resolved`, error });
    return known?.address;
  }
}

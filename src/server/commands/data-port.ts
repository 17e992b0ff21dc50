/** How the data connection is made: PORT, PASV (RFC 959 4.1.2), EPRT, EPSV (RFC 2428), LPRT, LPSV (RFC 1639). */
import { addressFamily, sameAddress } from "../../connection/address.js";
import {
  formatBadFamilyReply,
  formatExtendedPassiveReply,
  formatLongPassiveReply,
  formatPassiveReply,
  parseEpsv,
  parseExtendedPort,
  parseLongPort,
  parsePort,
} from "../../protocol/host-port.js";
import { type Reply, reply } from "../../protocol/reply.js";
import { BAD_ARGUMENT, none, parsed } from "../argument.js";
import { defineCommand, type LoggedInSession } from "../command.js";
import { passiveAddressFor } from "../passive-address.js";
import type { Session } from "../session.js";

/** RFC 2577 3: no service that somebody else could be attacked with listens from here on. */
const FIRST_UNPRIVILEGED_PORT = 1024;

const port = defineCommand({
  verb: "PORT",
  reference: "RFC 959 4.1.2",
  summary: "Transfers connect to this IPv4 address and port.",
  argument: parsed("<h1,h2,h3,h4,p1,p2>", parsePort),
  needs: { login: true },
  replies: [200],
  run: ({ session, argument }) => connectTo(session, argument.address, argument.port),
});

const eprt = defineCommand({
  verb: "EPRT",
  reference: "RFC 2428 2",
  summary: "Transfers connect to this address and port.",
  argument: parsed("|family|address|port|", parseExtendedPort),
  needs: { login: true },
  feature: "EPRT",
  replies: [200, 522],
  run: ({ session, argument }) =>
    argument === "bad-family"
      ? reply(522, formatBadFamilyReply([4, 6]))
      : connectTo(session, argument.address, argument.port),
});

const lprt = defineCommand({
  verb: "LPRT",
  reference: "RFC 1639 2",
  summary: "Transfers connect to this address and port, in the form before EPRT.",
  argument: parsed("<af,hal,h1,…,pal,p1,…>", parseLongPort),
  needs: { login: true },
  replies: [200, 521],
  run: ({ session, argument }) =>
    argument === "bad-family"
      ? reply(521, "Supported address families are (4,6)")
      : connectTo(session, argument.address, argument.port),
});

const UNSPECIFIED: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

async function connectTo(session: LoggedInSession, named: string, number: number): Promise<Reply> {
  if (session.dataPort.extendedOnly) return AFTER_EPSV_ALL;
  // lftp says `EPRT |2|::|…` in active mode: what it listens on, which can only mean itself.
  const address = UNSPECIFIED.has(named) ? session.peer.address : named;
  const foreign = !sameAddress(address, session.peer.address);
  if ((foreign && !session.server.options.allowForeignData) || number < FIRST_UNPRIVILEGED_PORT) {
    // What was asked for before must not serve instead (LightFTP#59).
    await session.dataPort.drop();
    return reply(500, "Only ports from 1024 on of your own address are connected to.");
  }
  await session.dataPort.connectTo(address, number);
  return reply(200, "Transfers will connect there.");
}

const pasv = defineCommand({
  verb: "PASV",
  reference: "RFC 959 4.1.2",
  summary: "Transfers wait for your connection to an IPv4 address and port.",
  argument: none,
  needs: { login: true },
  feature: "PASV",
  replies: [227, 425],
  async run({ session }) {
    if (session.dataPort.extendedOnly) return AFTER_EPSV_ALL;
    // An IPv4 address may be configured, but over IPv6 nobody would listen on it.
    if (familyOf(session) !== 4) return NO_PASV_FORM;
    const address = await passiveAddressFor(session);
    if (addressFamily(address) !== 4) return NO_PASV_FORM;
    return reply(227, formatPassiveReply({ address, port: await session.dataPort.listen() }));
  },
});

const lpsv = defineCommand({
  verb: "LPSV",
  reference: "RFC 1639 3",
  summary: "Transfers wait for your connection to an address and port, in the form before EPSV.",
  argument: none,
  needs: { login: true },
  replies: [228, 425],
  async run({ session }) {
    if (session.dataPort.extendedOnly) return AFTER_EPSV_ALL;
    const { address } = session.local;
    return reply(
      228,
      formatLongPassiveReply({ family: familyOf(session), address, port: await session.dataPort.listen() }),
    );
  },
});

const epsv = defineCommand({
  verb: "EPSV",
  reference: "RFC 2428 3",
  summary: "Transfers wait for your connection to a port. The best choice for every client.",
  argument: { syntax: "[<SP> family | ALL]", parse: (text) => parseEpsv(text.trim()) ?? BAD_ARGUMENT },
  needs: { login: true },
  feature: "EPSV",
  replies: [200, 229, 425, 522],
  async run({ session, argument }) {
    if (argument === "all") {
      session.dataPort.extendedOnly = true;
      return reply(200, "From now on only EPSV.");
    }
    const family = familyOf(session);
    if (argument !== "any" && argument !== family) return reply(522, formatBadFamilyReply([family]));
    return reply(229, formatExtendedPassiveReply(await session.dataPort.listen()));
  },
});

function familyOf(session: Session): 4 | 6 {
  return addressFamily(session.local.address) ?? 4;
}

const NO_PASV_FORM = reply(500, "This address has no PASV form: use EPSV.");
const AFTER_EPSV_ALL = reply(500, "Only EPSV after EPSV ALL.");

export const DATA_PORT = [epsv, pasv, eprt, port, lpsv, lprt];

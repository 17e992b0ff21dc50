import type { Socket } from "node:net";
import { FtpProxyError } from "../../../client/errors.js";
import { defineProbe } from "../probe.js";
import type { Address, Visit } from "../visit.js";
import { UNREACHED, type Unreached, unreached } from "../ways.js";

/** More than any server has; a name that leads to more is not worth the wait. */
const MOST_ADDRESSES = 8;

export const reach = defineProbe({
  id: "reach",
  section: "Connection",
  title: "whether the server can be reached",
  needs: ["addresses"],
  troubles: {
    "connection-refused": {
      kind: "problem",
      text: "Nothing accepts connections on port {port}",
      cause: "The server is not running, it listens on another port or address, or a firewall refuses us.",
      change: [
        { side: "server", what: "Check that the server runs, and which address and port it listens on." },
        { side: "client", what: "Check the port in the URL: 21 is usual, 990 for ftps://." },
      ],
      weight: 100,
    },
    "connection-hangs": {
      kind: "problem",
      text: "Connections to port {port} are not answered",
      cause: "A firewall drops them without a word, or no machine has this address.",
      change: [
        { side: "network", what: "Let TCP connections to port {port} of the server through." },
        { side: "client", what: "Check the host in the URL, and whether your own network lets FTP out." },
      ],
      weight: 100,
    },
    "connection-unreachable": {
      kind: "problem",
      text: "No way leads to the server",
      cause: "This machine has no route to the address, or a router on the way refuses.",
      change: [{ side: "client", what: "Check this machine's network, VPN and routes." }],
      weight: 100,
    },
    "proxy-fails": {
      kind: "problem",
      text: "The proxy gives no connection to the server",
      cause: "Many proxies allow connections to the ports of the web only, or want a name and a password.",
      change: [
        {
          side: "network",
          what: "Have the proxy allow CONNECT to the server's port {port} and its passive ports.",
        },
        { side: "client", what: "Check the address, the name and the password in --proxy." },
      ],
      weight: 100,
    },
    "address-dead": {
      kind: "note",
      text: "One of the addresses does not work: {address}",
      cause:
        "The name leads to an address where the server does not listen. Clients that try it first wait, or fail.",
      change: [
        { side: "server", what: "Have the server listen on {address} too, or take the address out of DNS." },
      ],
      weight: 40,
    },
  },
  async run(visit, tell) {
    const { facts, subject, proxied } = visit;
    const results: { address: Address; result: number | Unreached }[] = [];
    try {
      for (const address of (facts.addresses ?? []).slice(0, MOST_ADDRESSES)) {
        results.push({ address, result: await timeToConnect(visit, address.address) });
      }
    } catch (error) {
      if (!(error instanceof FtpProxyError)) throw error;
      return [tell.found("proxy-fails", { evidence: error.message, values: { port: subject.port } })];
    }
    const reached = results.find(({ result }) => typeof result === "number");
    const failed = results.filter(({ result }) => typeof result === "string");
    if (reached === undefined) {
      const evidence = failed
        .map(({ address, result }) => `${address.address}: ${UNREACHED[result as Unreached]}`)
        .join("; ");
      const id = TROUBLE_OF[failed[0]?.result as Unreached];
      return [tell.found(id, { evidence, values: { port: subject.port } })];
    }
    facts.address = reached.address;
    const milliseconds = Math.round(reached.result as number);
    const where = `${reached.address.address} port ${subject.port}`;
    return [
      tell.ok(`${proxied ? "The proxy connects to" : "Connected to"} ${where} in ${milliseconds} ms`),
      ...failed.map(({ address: { address, family }, result }) =>
        family === 6 && result === "unreachable"
          ? tell.unknown(`Whether ${address} works`, "this machine has no IPv6")
          : tell.found("address-dead", { values: { address }, evidence: UNREACHED[result as Unreached] }),
      ),
    ];
  },
});

async function timeToConnect(visit: Visit, host: string): Promise<number | Unreached> {
  const begin = performance.now();
  let socket: Socket;
  try {
    socket = await visit.dial(host, visit.subject.port);
  } catch (error) {
    return unreached(error);
  }
  socket.destroy();
  return performance.now() - begin;
}

const TROUBLE_OF = {
  refused: "connection-refused",
  hangs: "connection-hangs",
  unreachable: "connection-unreachable",
} as const;

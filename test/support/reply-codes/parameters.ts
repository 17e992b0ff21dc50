/** What provokes the codes of transfer parameters (RFC 959 4.1.2) and of the commands that ask for a data port. */
import { type AddressInfo, createServer } from "node:net";
import { MemoryTree } from "ferry/storage/memory";
import { USER } from "../server.js";
import { Serving, type ServingOptions } from "../session.js";
import { type Case, type Cases, casesOf, lacking, sent } from "./case.js";

const ipv6: ServingOptions = { family: "IPv6" };

/** The only passive port of the server is somebody else's. */
function withoutFreePort(line: string): Case {
  return {
    async provoke() {
      const taker = createServer();
      await new Promise<void>((listening) => taker.listen(0, "127.0.0.1", listening));
      try {
        const { port } = taker.address() as AddressInfo;
        await using served = await Serving.start({
          server: { passive: { ports: { from: port, to: port } } },
        });
        const client = await served.login();
        const answer = await client.command(line);
        await client.expect("NOOP", 200);
        return answer;
      } finally {
        await new Promise((closed) => taker.close(closed));
      }
    },
  };
}

const small: ServingOptions = {
  decorate: () => new MemoryTree({ capacity: 1000 }).storageFor(USER),
};

export const PARAMETER_CASES: Cases = {
  ...casesOf("PORT", {
    200: sent("PORT 127,0,0,1,200,10"),
    500: sent("PORT 127,0,0,2,200,10"),
    501: sent("PORT 127,0,0,1,200"),
  }),
  ...casesOf("PASV", {
    227: sent("PASV"),
    425: withoutFreePort("PASV"),
    500: sent("PASV", ipv6),
  }),
  ...casesOf("EPRT", {
    200: sent("EPRT |2|::1|51210|", ipv6),
    500: sent("EPRT |1|127.0.0.1|1023|"),
    501: sent("EPRT |1|127.0.0.1|"),
    522: sent("EPRT |3|127.0.0.1|51210|"),
  }),
  ...casesOf("EPSV", {
    200: sent("EPSV ALL"),
    229: sent("EPSV"),
    425: withoutFreePort("EPSV"),
    501: sent("EPSV one"),
    522: sent("EPSV 2"),
  }),
  ...casesOf("LPRT", {
    200: sent("LPRT 4,4,127,0,0,1,2,200,10"),
    500: sent("LPRT 4,4,127,0,0,1,2,200,10", {}, "EPSV ALL"),
    501: sent("LPRT 4,4,127,0,0,1,2,200"),
    521: sent("LPRT 5,4,127,0,0,1,2,200,10"),
  }),
  ...casesOf("LPSV", {
    228: sent("LPSV", ipv6),
    425: withoutFreePort("LPSV"),
    500: sent("LPSV", {}, "EPSV ALL"),
  }),
  ...casesOf("MODE", {
    200: sent("MODE S"),
    501: sent("MODE X"),
    504: sent("MODE B"),
  }),
  ...casesOf("TYPE", {
    200: sent("TYPE L 8"),
    501: sent("TYPE X"),
    504: sent("TYPE E"),
  }),
  ...casesOf("STRU", {
    200: sent("STRU F"),
    501: sent("STRU X"),
    504: sent("STRU R"),
  }),
  ...casesOf("ALLO", {
    200: sent("ALLO 1000", small),
    202: sent("ALLO 1000", lacking("availableSpace")),
    501: sent("ALLO some"),
    504: sent("ALLO 1000 R 80"),
    552: sent("ALLO 1001", small),
  }),
  ...casesOf("REST", {
    350: sent("REST 12"),
    501: sent("REST 12", {}, "TYPE A"),
  }),
};

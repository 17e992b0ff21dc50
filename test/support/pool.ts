/** A pool of client sessions with a server of the tests. */
import { FtpPool, type FtpPoolOptions } from "ferry/client";
import { PASSWORD, USER } from "./server.js";

export function poolFor(
  { host, port }: { readonly host: string; readonly port: number },
  o: Partial<FtpPoolOptions> = {},
): FtpPool {
  const reconnect = { attempts: 2, delay: 1 };
  return new FtpPool({ host, port, user: USER, password: PASSWORD, connections: 2, reconnect, ...o });
}

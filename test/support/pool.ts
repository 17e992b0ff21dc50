/** A pool of client sessions with a server of the tests. */
import { FtpPool, type FtpPoolOptions } from "ferry/client";
import { optionsFor } from "./server.js";

export function poolFor(
  server: { readonly host: string; readonly port: number },
  o: Partial<FtpPoolOptions> = {},
): FtpPool {
  const reconnect = { attempts: 2, delay: 1 };
  return new FtpPool({ ...optionsFor(server), connections: 2, reconnect, ...o });
}

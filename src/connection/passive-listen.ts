/** Finds a port of a range to listen on. */
import { DataConnectionError } from "./data-connection.js";
import { type Acceptance, type Arrival, Listener } from "./listener.js";
import type { HeldPort, PortRange } from "./port-range.js";

/** Ports that are tried at most: other programs may hold many of a range, and each try costs system calls. */
const MAX_TRIES = 64;

export interface HeldListener {
  readonly listener: Listener;
  readonly port: HeldPort;
}

/**
 * Listens on a random free port; when none is left, on the one that another session has not used for longest.
 * @throws DataConnectionError "no-port"
 */
export async function listenInRange(o: {
  readonly range: PortRange;
  readonly address: string;
  readonly acceptance: Acceptance;
  readonly onarrival: (arrival: Arrival) => void;
}): Promise<HeldListener> {
  let tries = 0;
  let lastError: unknown;
  for (const port of freeThenIdle(o.range, o.address)) {
    try {
      return { listener: await Listener.listen({ ...o, port: port.port }), port };
    } catch (error) {
      port.release();
      lastError = error;
      if (++tries === MAX_TRIES || !isAboutThePort(error)) break;
    }
  }
  throw new DataConnectionError("no-port", `no port to listen on at ${o.address}`, { cause: lastError });
}

function* freeThenIdle(range: PortRange, address: string): Generator<HeldPort, void, undefined> {
  yield* range.free(address);
  for (let port = range.takeOver(address); port !== undefined; port = range.takeOver(address)) yield port;
}

/** Whether another port may work: this one is another program's, or not for us (below 1024). */
function isAboutThePort(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EADDRINUSE" || code === "EACCES";
}

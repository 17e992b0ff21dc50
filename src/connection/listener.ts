/** A listening socket that hands its connections over unread. */
import { createServer, type Server, type Socket } from "node:net";
import { normalAddress } from "./address.js";
import type { CarrierOrigin } from "./carrier.js";
import { HandleOrigin } from "./handle-carrier.js";
import { acceptRaw, type HandleInternals, handleInternals, type RawHandle } from "./raw-handle.js";
import { originOfSocket } from "./socket-carrier.js";

/** "raw": handles of node:net's internals, read into our buffers; "public": its 'connection' event. */
export type Acceptance = "raw" | "public";

/** Connections that may wait in the kernel: one is expected, the rest are turned away. */
const BACKLOG = 8;

/** A connection that came in. Nothing of it is read until somebody asks. */
export interface Arrival {
  readonly origin: CarrierOrigin;
  /** The peer's address in its one spelling; undefined when it is gone already. */
  readonly peer: string | undefined;
}

export class Listener {
  readonly port: number;
  readonly #server: Server;

  /**
   * Listens on one address (a scope such as `%eth0` included) and port.
   * @throws what listen(2) says, as Node's error with its code: EADDRINUSE, EADDRNOTAVAIL, EACCES …
   */
  static listen(o: {
    readonly address: string;
    readonly port: number;
    readonly acceptance: Acceptance;
    readonly onarrival: (arrival: Arrival) => void;
  }): Promise<Listener> {
    // All of these are for the public way only. The mark makes a socket stop reading after each chunk.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: 1 });
    server.on("connection", (socket) => o.onarrival(socketArrival(socket)));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      // In a cluster's worker, ports would else be shared through the primary process.
      server.listen({ host: o.address, port: o.port, backlog: BACKLOG, exclusive: true }, () => {
        server.removeListener("error", reject);
        // Accepting may fail without descriptors (EMFILE): the peer waits, and the lease's deadline ends it.
        server.on("error", () => {});
        const internals = o.acceptance === "raw" ? handleInternals() : undefined;
        if (internals !== undefined)
          acceptRaw(server, (handle) => o.onarrival(handleArrival(handle, internals)));
        resolve(new Listener(server, o.port));
      });
    });
  }

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** The port is free when this returns; the promise is for those who must know that nothing is left. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function handleArrival(handle: RawHandle, internals: HandleInternals): Arrival {
  const name: { address?: string } = {};
  const known = handle.getpeername(name) === 0 && name.address !== undefined;
  const origin = new HandleOrigin(handle, internals);
  return { peer: known ? normalAddress(name.address ?? "") : undefined, origin };
}

function socketArrival(socket: Socket): Arrival {
  // A reset may come before anybody has asked for the socket.
  socket.on("error", () => {});
  const { remoteAddress } = socket;
  const peer = remoteAddress === undefined ? undefined : normalAddress(remoteAddress);
  return { peer, origin: originOfSocket(socket) };
}

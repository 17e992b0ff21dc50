/** Reads the ClientHello of a data connection, which says what it offers to resume. */
import { Buffer } from "node:buffer";
import { DataConnectionError } from "../data-connection.js";
import type { PlainDataSocket } from "../data-socket.js";
import { type ClientHello, MAX_CLIENT_HELLO, parseClientHello } from "./client-hello.js";

/** @throws DataConnectionError "handshake" */
export async function readDataHello(
  network: PlainDataSocket,
): Promise<{ readonly bytes: Buffer; readonly hello: ClientHello }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = await network.receive(MAX_CLIENT_HELLO);
    } catch (cause) {
      throw new DataConnectionError("handshake", "the data connection broke before TLS", { cause });
    }
    if (chunk === undefined) throw new DataConnectionError("handshake", "the client began no TLS");
    bytes = Buffer.concat([bytes, chunk]);
    const hello = parseClientHello(bytes);
    if (hello === "no-tls") throw new DataConnectionError("handshake", "what the client sent is no TLS");
    if (hello !== "partial") return { bytes, hello };
  }
}

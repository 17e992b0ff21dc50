/** Both ends of a data connection in TLS, with each other. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { ActiveConnection } from "../active.js";
import type { DataConnection, DataSocket } from "../data-connection.js";
import { PassivePort } from "../passive.js";
import { PortRange } from "../port-range.js";
import { ClientTls } from "./client-tls.js";
import { TlsIdentity } from "./identity.js";
import { testCertificate, testKey } from "./identity.support.test.js";
import { type SecuredOptions, securedConnection } from "./secured-connection.js";
import { SessionTls } from "./session-tls.js";

const HOST = "127.0.0.1";

interface Ends {
  readonly server: DataConnection;
  readonly client: DataConnection;
  close(): Promise<void>;
}

type Version = "TLSv1.2" | "TLSv1.3";

/** One session's TLS at both ends; the second data connection resumes the first. */
function sessionOf(maxVersion: Version): { readonly server: SessionTls; readonly client: ClientTls } {
  return {
    server: new SessionTls({
      identity: new TlsIdentity({ key: testKey, certificate: testCertificate }),
      binding: "off",
      clients: undefined,
      handshakeTimeout: 5000,
    }),
    client: new ClientTls({
      context: createSecureContext({ ca: testCertificate, maxVersion }),
      serverName: "localhost",
      verification: "demanded",
    }),
  };
}

async function endsOf(
  session: ReturnType<typeof sessionOf>,
  direction: SecuredOptions["direction"],
): Promise<Ends> {
  const port = new PassivePort({
    localAddress: HOST,
    range: new PortRange({ from: 49_152, to: 65_535 }),
    peerAllowed: () => true,
  });
  const lease = await port.lease();
  const common = { acceptBareEnd: false, handshakeTimeout: 5000 };
  const server = securedConnection(lease, session.server, { ...common, direction });
  const client = securedConnection(new ActiveConnection({ address: HOST, port: port.port }), session.client, {
    ...common,
    direction: direction === "send" ? "receive" : "send",
  });
  return {
    server,
    client,
    async close() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await port.close();
    },
  };
}

async function sendAll(connection: DataConnection, bytes: Buffer): Promise<void> {
  const socket = await opened(connection);
  await socket.send(bytes);
  await socket.finish();
}

async function receiveAll(connection: DataConnection): Promise<Buffer> {
  const socket = await opened(connection);
  const chunks: Buffer[] = [];
  for (let chunk = await socket.receive(); chunk !== undefined; chunk = await socket.receive()) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

async function opened(connection: DataConnection): Promise<DataSocket> {
  return await connection.open({ signal: new AbortController().signal, timeout: 5000 });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const direction of ["send", "receive"] as const) {
    test(`what is sent at once, or nothing at all, ends with close_notify: ${version}, server's ${direction}`, async () => {
      const session = sessionOf(version);
      for (const [n, length] of [0, 0, 1, 20_000, 0, 1].entries()) {
        const bytes = Buffer.alloc(length, "x");
        const { server, client, close } = await endsOf(session, direction);
        const [from, to] = direction === "send" ? [server, client] : [client, server];
        const [received] = await Promise.all([receiveAll(to), sendAll(from, bytes)]);
        assert.ok(received.equals(bytes));
        if (version === "TLSv1.2") assert.equal(session.client.dataReused, n > 0);
        await close();
      }
    });
  }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`a sender that waits for its peer's end can be broken off, and is closed: ${version}`, async () => {
    // At some of these moments the system is being told that nothing more comes.
    for (let turns = 0; turns < 5; turns++) {
      const { server, client, close } = await endsOf(sessionOf(version), "send");
      const [from] = await Promise.all([opened(server), opened(client)]);
      await from.send(Buffer.alloc(600, "x"));
      const finished = from.finish();
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      from.destroy();
      await assert.rejects(finished, { reason: "closed" });
      await server[Symbol.asyncDispose]();
      await close();
    }
  });
}

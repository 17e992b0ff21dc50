import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { type ConnectionOptions, connect, createServer } from "node:tls";
import fc from "fast-check";
import { MAX_CLIENT_HELLO, parseClientHello } from "./client-hello.js";

/** What Node says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  let say: (bytes: Buffer) => void = () => {};
  const said = new Promise<Buffer>((resolve) => {
    say = resolve;
  });
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, written) {
      say(chunk);
      written();
    },
  });
  const tls = connect({ socket: stream, ...options });
  tls.on("error", () => {});
  const bytes = await said;
  tls.destroy();
  return bytes;
}

/** A record of a handshake message. */
function record(body: Buffer, type = 22): Buffer {
  const header = Buffer.from([type, 3, 1, 0, 0]);
  header.writeUInt16BE(body.length, 3);
  return Buffer.concat([header, body]);
}

function hello(o: {
  sessionId?: Buffer;
  extensions?: readonly (readonly [type: number, data: Buffer])[];
}): Buffer {
  const vector = (bytes: number, data: Buffer): Buffer => {
    const length = Buffer.alloc(bytes);
    length.writeUIntBE(data.length, 0, bytes);
    return Buffer.concat([length, data]);
  };
  const extensions = (o.extensions ?? []).map(([type, data]) =>
    Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, data)]),
  );
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    vector(1, o.sessionId ?? Buffer.alloc(0)),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat(extensions)),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

const BOTH_VERSIONS = [43, Buffer.from([4, 3, 4, 3, 3])] as const;

describe("a ClientHello", () => {
  test("tells which host is wanted, in lower case", async () => {
    const found = parseClientHello(await helloOf({ servername: "FTP.Example" }));
    assert.deepEqual(found, { serverName: "ftp.example", session: undefined });
    assert.deepEqual(parseClientHello(await helloOf({})), { serverName: undefined, session: undefined });
  });

  test("offers no session by the random id of TLS 1.3's compatibility mode", () => {
    const bytes = record(hello({ sessionId: Buffer.alloc(32, 7), extensions: [BOTH_VERSIONS] }));
    assert.deepEqual(parseClientHello(bytes), { serverName: undefined, session: undefined });
  });

  test("offers a session by its id, a ticket, or a PSK", () => {
    const id = Buffer.alloc(32, 7);
    const ticket = Buffer.from("ticket");
    const identity = Buffer.concat([
      Buffer.from([0, 10, 0, 6]),
      ticket,
      Buffer.alloc(4),
      Buffer.from([0, 1, 0]),
    ]);
    // Identities: a vector of { identity, obfuscated age }.
    const identities = Buffer.concat([
      Buffer.from([0, 12, 0, 6]),
      ticket,
      Buffer.alloc(4),
      identity.subarray(-3),
    ]);
    for (const [bytes, session] of [
      [hello({ sessionId: id }), id],
      [hello({ extensions: [[35, ticket]] }), ticket],
      [hello({ extensions: [[35, Buffer.alloc(0)]] }), undefined],
      [hello({ extensions: [BOTH_VERSIONS, [41, identities]] }), ticket],
    ] as const) {
      const found = parseClientHello(record(bytes));
      assert.ok(typeof found === "object");
      assert.deepEqual(found.session, session);
    }
  });

  test("ignores versions that are grease (RFC 8701)", () => {
    const versions = [43, Buffer.from([4, 0x7a, 0x7a, 3, 3])] as const;
    const found = parseClientHello(record(hello({ sessionId: Buffer.alloc(8, 1), extensions: [versions] })));
    assert.ok(typeof found === "object" && found.session !== undefined);
  });

  test("is partial until its last byte, in any number of records", async () => {
    const whole = await helloOf({ servername: "host.example" });
    for (let length = 0; length < whole.length; length++) {
      assert.equal(parseClientHello(whole.subarray(0, length)), "partial", `${length} bytes`);
    }
    const body = whole.subarray(5);
    const cut = Buffer.concat([
      record(body.subarray(0, 3)),
      record(body.subarray(3, 100)),
      record(body.subarray(100)),
    ]);
    assert.deepEqual(parseClientHello(cut), parseClientHello(whole));
  });

  test("is no command, no other record and nothing endless", () => {
    for (const text of ["NOOP\r\n", "\r\n", "\0", "USER anna\r\n", "GET / HTTP/1.1\r\n"]) {
      assert.equal(parseClientHello(Buffer.from(text)), "no-tls", JSON.stringify(text));
    }
    assert.equal(parseClientHello(record(Buffer.from([2, 0, 0, 0]))), "no-tls"); // A ServerHello.
    assert.equal(parseClientHello(record(Buffer.from([1]), 23)), "no-tls");
    assert.equal(parseClientHello(record(Buffer.alloc(0))), "no-tls");
    const tooLong = Buffer.from([1, 0, 0, 0]);
    tooLong.writeUIntBE(MAX_CLIENT_HELLO, 1, 3);
    assert.equal(parseClientHello(record(tooLong)), "no-tls");
  });

  test("of any bytes is an answer, and never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, framed) => {
        const body = Buffer.from(bytes);
        const given = framed
          ? record(Buffer.concat([Buffer.from([1, 0, 0, body.length & 255]), body]))
          : body;
        const found = parseClientHello(given);
        assert.ok(found === "partial" || found === "no-tls" || typeof found === "object");
      }),
      { numRuns: 2000 },
    );
  });

  test("cut anywhere and changed anywhere is an answer too", async () => {
    const whole = await helloOf({ servername: "host.example", ALPNProtocols: ["ftp"] });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const changed = Buffer.from(whole);
        changed[at] = value;
        assert.doesNotThrow(() => parseClientHello(changed.subarray(0, length)));
      }),
      { numRuns: 2000 },
    );
  });

  test("of a client that resumes names the session", async () => {
    const { testKey, testCertificate } = await import("./identity.support.test.js");
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const server = createServer({ key: testKey, cert: testCertificate, maxVersion: version }, (socket) =>
        socket.end("."),
      );
      server.listen({ port: 0, host: "127.0.0.1" });
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const client = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
      const [session] = (await once(client, "session")) as [Buffer];
      client.destroy();
      server.close();
      // Newer releases of Node offer a session only to the host that gave it.
      const found = parseClientHello(await helloOf({ host: "127.0.0.1", session, maxVersion: version }));
      assert.ok(typeof found === "object" && found.session !== undefined, version);
    }
  });
});

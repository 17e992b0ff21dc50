/**
 * What a TLS client says first (RFC 5246 7.4.1.2, RFC 8446 4.1.2), read before TLS is begun: which host it wants,
 * so that the certificate can be chosen, and whether it offers a session, so that a stranger's can be refused.
 */
import { Buffer } from "node:buffer";

export interface ClientHello {
  /** The host of RFC 6066 3 (SNI), in lower case. */
  readonly serverName: string | undefined;
  /**
   * What names the session that it wants to resume, if any: the first identity of a PSK (TLS 1.3), a ticket
   * (RFC 5077), or a session id (TLS 1.2). A view of the bytes that were read.
   */
  readonly session: Buffer | undefined;
}

/** Bytes of a first message at most. Real ones have 200 to 2,000; a client certificate is not in it. */
export const MAX_CLIENT_HELLO = 16 * 1024;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const MAX_RECORD = 16 * 1024;

const SERVER_NAME = 0;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
const TLS_1_3 = 0x0304;

/** "partial": more bytes are needed; "no-tls": it is something else, such as a command in clear. */
export function parseClientHello(bytes: Buffer): ClientHello | "partial" | "no-tls" {
  const message = messageIn(bytes);
  if (message === "partial" || message === "no-tls") return message;
  try {
    return read(new Reader(message));
  } catch (error) {
    if (error instanceof RangeError) return "no-tls";
    throw error;
  }
}

/** The body of the first handshake message, which may lie in several records. */
function messageIn(bytes: Buffer): Buffer | "partial" | "no-tls" {
  let message: Buffer | undefined;
  let at = 0;
  for (;;) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE) return "no-tls";
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return "no-tls";
    if (at + RECORD_HEADER > bytes.length) return "partial";
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD) return "no-tls";
    const part = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    message = message === undefined ? part : Buffer.concat([message, part]);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return "no-tls";
    if (message.length >= MESSAGE_HEADER) {
      const whole = MESSAGE_HEADER + message.readUIntBE(1, 3);
      if (whole > MAX_CLIENT_HELLO) return "no-tls";
      if (message.length >= whole) return message.subarray(MESSAGE_HEADER, whole);
    }
    if (part.length < length) return "partial";
    at += RECORD_HEADER + length;
  }
}

function read(hello: Reader): ClientHello {
  hello.skip(2 + 32); // legacy_version, random
  const sessionId = hello.vector(1);
  hello.vector(2); // cipher suites
  hello.vector(1); // compression methods
  const extensions = hello.done ? undefined : hello.vector(2);
  let serverName: string | undefined;
  let ticket: Buffer | undefined;
  let psk: Buffer | undefined;
  let newest = 0;
  while (extensions !== undefined && !extensions.done) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type === SERVER_NAME) serverName = hostIn(data);
    else if (type === SESSION_TICKET) ticket = data.rest();
    else if (type === PRE_SHARED_KEY) psk = data.vector(2).vector(2).rest();
    else if (type === SUPPORTED_VERSIONS) newest = newestVersion(data.vector(1));
  }
  // TLS 1.3 sends a random session id, for the sake of boxes on the way (RFC 8446 D.4): it offers nothing.
  const id = newest < TLS_1_3 ? sessionId.rest() : undefined;
  return { serverName, session: psk ?? ticket ?? id };
}

function hostIn(data: Reader): string | undefined {
  const names = data.vector(2);
  while (!names.done) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type === 0) return name.text().toLowerCase();
  }
  return undefined;
}

function newestVersion(versions: Reader): number {
  let newest = 0;
  while (!versions.done) {
    const version = versions.number(2);
    // Values like 0x0a0a are grease (RFC 8701), which means nothing.
    if (version >> 8 === 3) newest = Math.max(newest, version);
  }
  return newest;
}

/** @throws RangeError when there are fewer bytes than are asked for. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(bytes: 1 | 2 | 3): number {
    const value = this.#bytes.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  skip(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) throw new RangeError("too short");
    this.#at += bytes;
  }

  /** What follows a length of so many bytes. */
  vector(lengthBytes: 1 | 2 | 3): Reader {
    const length = this.number(lengthBytes);
    const from = this.#at;
    this.skip(length);
    return new Reader(this.#bytes.subarray(from, this.#at));
  }

  /** Undefined when there is nothing. */
  rest(): Buffer | undefined {
    return this.done ? undefined : this.#bytes.subarray(this.#at);
  }

  text(): string {
    return this.#bytes.toString("latin1");
  }
}

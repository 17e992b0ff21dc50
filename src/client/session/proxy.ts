/** Connections through an HTTP proxy (CONNECT, RFC 9110 9.3.6) or a SOCKS5 one (RFC 1928, RFC 1929). */
import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import { parseIpv4, parseIpv6 } from "../../protocol/address.js";
import { FtpArgumentError, FtpProxyError } from "../errors.js";

export interface ProxyAddress {
  readonly kind: "http" | "socks5";
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Bytes of a proxy's answer before the tunnel; a page that explains a refusal is longer, and of no use. */
const MOST_ANSWER = 16 * 1024;

/** @throws FtpArgumentError; the message never holds the URL, which may hold a password */
export function parseProxy(url: string): ProxyAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new FtpArgumentError("proxy is no URL");
  }
  const kind = PROXY_KINDS[parsed.protocol];
  if (kind === undefined) throw new FtpArgumentError("proxy is neither http:// nor socks5://");
  const text = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw new FtpArgumentError(
        'proxy: a "%" in its name or password stands before no two digits: write it %25',
      );
    }
  };
  return {
    kind,
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    // URL drops the port that is usual for the scheme.
    port: parsed.port === "" ? (kind === "http" ? 80 : 1080) : Number(parsed.port),
    user: parsed.username === "" ? undefined : text(parsed.username),
    password: text(parsed.password),
  };
}

const PROXY_KINDS: Readonly<Record<string, ProxyAddress["kind"]>> = {
  "http:": "http",
  "socks5:": "socks5",
  "socks5h:": "socks5",
  "socks:": "socks5",
};

/**
 * Asks a connected proxy for a tunnel. What the server says behind the proxy's answer stays in the socket.
 * The caller has a deadline and destroys the socket.
 * @throws FtpProxyError
 */
export async function tunnel(socket: Socket, proxy: ProxyAddress, target: Target): Promise<void> {
  const input = new Input(socket);
  await (proxy.kind === "http" ? connectMethod(input, proxy, target) : socks5(input, proxy, target));
}

async function connectMethod(
  input: Input,
  { user, password }: ProxyAddress,
  { host, port }: Target,
): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  const authorization = user === undefined ? "" : `Proxy-Authorization: Basic ${credentials}\r\n`;
  input.socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const head = (await input.until("\r\n\r\n")).toString("latin1");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) throw refused("the proxy does not speak HTTP");
  if (!status.startsWith("2")) {
    const hint = status === "407" ? "The proxy wants a name and a password." : undefined;
    throw refused(`the proxy answered ${status}`, hint);
  }
}

async function socks5(input: Input, { user, password }: ProxyAddress, target: Target): Promise<void> {
  const NO_AUTHENTICATION = 0;
  const PASSWORD = 2;
  const methods = user === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, PASSWORD];
  input.socket.write(Buffer.from([5, methods.length, ...methods]));
  const [version, method] = await input.exactly(2);
  if (version !== 5) throw refused("the proxy does not speak SOCKS5");
  if (method === PASSWORD && user !== undefined) {
    const fields = [user, password].map((text) => Buffer.from(text, "utf8"));
    if (fields.some(({ length }) => length < 1 || length > 255)) {
      throw refused("SOCKS5 takes names and passwords of 1 to 255 bytes");
    }
    input.socket.write(
      Buffer.concat([Buffer.from([1]), ...fields.flatMap((f) => [Buffer.from([f.length]), f])]),
    );
    const [, status] = await input.exactly(2);
    if (status !== 0) throw refused("the proxy refused the name or the password");
  } else if (method !== NO_AUTHENTICATION) {
    throw refused("the proxy wants an authentication that we do not have");
  }
  input.socket.write(
    Buffer.from([5, 1, 0, ...addressBytes(target.host), target.port >> 8, target.port & 255]),
  );
  const [, status, , type] = await input.exactly(4);
  if (status !== 0) throw refused(SOCKS_ANSWERS[status ?? 1] ?? "the proxy refused");
  const length = type === 1 ? 4 : type === 4 ? 16 : ((await input.exactly(1))[0] as number);
  await input.exactly(length + 2);
}

function addressBytes(host: string): number[] {
  const ipv4 = parseIpv4(host);
  if (ipv4 !== undefined) return [1, ...ipv4];
  const ipv6 = parseIpv6(host);
  if (ipv6 !== undefined) return [4, ...ipv6.flatMap((group) => [group >> 8, group & 255])];
  const name = Buffer.from(host, "utf8");
  if (name.length > 255) throw refused("SOCKS5 takes host names of 255 bytes at most");
  return [3, name.length, ...name];
}

const SOCKS_ANSWERS: Readonly<Record<number, string>> = {
  1: "the proxy failed",
  2: "the proxy does not allow this connection",
  3: "the proxy cannot reach the network",
  4: "the proxy cannot reach the host",
  5: "the server refused the proxy's connection",
  6: "the proxy's connection took too long",
  7: "the proxy does not connect for others",
  8: "the proxy does not know this kind of address",
};

function refused(message: string, hint?: string): FtpProxyError {
  return new FtpProxyError(message, { phase: "connect", hint });
}

/** Takes from a socket exactly what is the proxy's, and leaves it paused. */
class Input {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  exactly(length: number): Promise<Buffer> {
    return this.#take((bytes) => (bytes.length >= length ? length : undefined));
  }

  until(end: string): Promise<Buffer> {
    return this.#take((bytes) => {
      const at = bytes.indexOf(end);
      return at === -1 ? undefined : at + end.length;
    });
  }

  #take(lengthOf: (bytes: Buffer) => number | undefined): Promise<Buffer> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0);
      const done = () => {
        socket.removeListener("readable", onReadable);
        socket.removeListener("end", onEnd);
        socket.removeListener("error", onEnd);
        socket.removeListener("close", onEnd);
      };
      const onEnd = () => {
        done();
        reject(refused("the proxy closed the connection"));
      };
      const onReadable = () => {
        for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
          bytes = Buffer.concat([bytes, chunk as Buffer]);
        }
        const length = lengthOf(bytes);
        if (length === undefined) {
          if (bytes.length <= MOST_ANSWER) return;
          done();
          reject(refused("the proxy's answer has no end"));
          return;
        }
        done();
        if (length < bytes.length) socket.unshift(bytes.subarray(length));
        resolve(bytes.subarray(0, length));
      };
      socket.on("readable", onReadable);
      socket.once("end", onEnd);
      socket.once("error", onEnd);
      socket.once("close", onEnd);
      if (socket.readableLength > 0) onReadable();
    });
  }
}

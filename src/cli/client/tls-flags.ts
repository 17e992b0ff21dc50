/** TLS of the client as the flags and the URL ask for it. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { FtpClient } from "../../client/client.js";
import type { FtpTlsOptions } from "../../client/tls-options.js";
import type { FtpScheme, FtpUrl } from "../../client/url.js";
import { escapeHostile } from "../../protocol/text.js";
import { configurationError, systemReason, usageError } from "../errors.js";
import { askPassword } from "../password-prompt.js";
import type { Terminal } from "../terminal.js";
import type { RemoteFlags, TlsChoice } from "./remote-flags.js";
import { warn } from "./reporting.js";

const TLS_OF_SCHEME: Readonly<Record<FtpScheme, TlsChoice>> = {
  ftp: "auto",
  ftps: "implicit",
  ftpes: "explicit",
};

/** @throws CliError when the flag asks for less than the URL */
export function tlsOf(scheme: FtpScheme, said: TlsChoice | undefined): TlsChoice {
  if (said === undefined) return TLS_OF_SCHEME[scheme];
  // Whoever wrote the URL wanted no less.
  if (scheme !== "ftp" && (said === "off" || said === "auto")) {
    throw usageError(`--tls ${said} contradicts ${scheme}://, which demands TLS: write ftp:// instead`);
  }
  return said;
}

/** @throws CliError with exit code 2 for files that cannot be used */
export async function tlsOptionsOf(
  { ca, cert, key = cert, insecure = false }: RemoteFlags,
  terminal: Terminal,
): Promise<FtpTlsOptions> {
  const read = (path: string): Promise<Buffer> => readPem(resolve(terminal.workingDirectory, path));
  const trusted = ca === undefined ? {} : { ca: await read(ca) };
  if (key === undefined) return { insecure, ...trusted };
  if (cert === undefined) throw usageError("--key needs --cert, the certificate that it is for");
  const keyPem = await read(key);
  const passphrase = ENCRYPTED_KEY.test(keyPem.toString("latin1"))
    ? await passphraseFor(key, terminal)
    : undefined;
  return {
    insecure,
    ...trusted,
    cert: await read(cert),
    key: keyPem,
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** RFC 5958 (PKCS #8), and what OpenSSL wrote before. */
const ENCRYPTED_KEY = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/;

async function passphraseFor(key: string, terminal: Terminal): Promise<string> {
  const known = terminal.environment.FERRY_KEY_PASSPHRASE;
  if (known !== undefined) return known;
  if (terminal.input.isTTY === true)
    return await askPassword(`Passphrase for ${escapeHostile(key)}: `, terminal);
  throw usageError(`${escapeHostile(key)} is encrypted: set FERRY_KEY_PASSPHRASE`);
}

async function readPem(path: string): Promise<Buffer> {
  try {
    const content = await readFile(path);
    if (content.includes("-----BEGIN ")) return content;
  } catch (error) {
    throw configurationError(`cannot read ${path}: ${systemReason(error)}`, error);
  }
  throw configurationError(`${path} holds nothing in PEM: it begins with -----BEGIN`);
}

/** Tells, where no proof was demanded, that there is none. */
export function warnOfCertificate(
  client: FtpClient,
  url: FtpUrl,
  flags: RemoteFlags,
  terminal: Terminal,
): void {
  const { security } = client;
  if (security === undefined || security.authorized || flags.insecure === true) return;
  const reason = escapeHostile(security.authorizationError ?? "unknown reason");
  const message = `the certificate of ${url.host} cannot be verified (${reason}); ftpes:// would not go on, --insecure says nothing`;
  warn(message, terminal, flags);
}

/** What a client can be told about TLS, and what becomes of it. */
import type { Buffer } from "node:buffer";
import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContextOptions } from "node:tls";
import { cipherOrder } from "../connection/tls/ciphers.js";
import type { ClientTlsOptions } from "../connection/tls/client-tls.js";
import { blocks } from "../connection/tls/identity.js";
import { FtpArgumentError } from "./errors.js";

/**
 * "explicit": AUTH TLS behind the greeting (RFC 4217); "implicit": TLS from the first byte, usually on port 990;
 * "auto": AUTH TLS where the server takes it, in clear where not, and with any certificate: whoever is on the way
 * can read everything by refusing AUTH, so it is better than "off" and no more.
 */
export type TlsMode = "off" | "explicit" | "implicit" | "auto";

export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

export interface FtpTlsOptions {
  /** Authorities to trust instead of those that Node trusts, as PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** Our own certificate, and those between it and its authority, as PEM. */
  readonly cert?: string | Buffer;
  /** Its private key, as PEM. */
  readonly key?: string | Buffer;
  /** What an encrypted key is opened with. */
  readonly passphrase?: string;
  /** Take any certificate: whoever is on the way can then read and change everything. */
  readonly insecure?: boolean;
  /** Whom certificates have to be for, and what the server is asked for (SNI); `host` when absent. */
  readonly serverName?: string;
  /**
   * "TLSv1.2" when absent. Older versions are broken; with them come old ciphers, short keys and servers that know
   * no secure renegotiation (RFC 5746).
   */
  readonly minVersion?: TlsVersion;
  /** "TLSv1.3" when absent. "TLSv1.2" helps where a server cannot resume sessions of TLS 1.3 on data connections. */
  readonly maxVersion?: TlsVersion;
  /** Data connections: in TLS as well (PROT P), or in clear (PROT C). "private" when absent. */
  readonly data?: "private" | "clear";
  /**
   * Whether what is received may end without TLS's close_notify, once the server has confirmed the transfer. Without
   * this only a file whose size is known, and right, may: anybody on the way can end a connection early.
   */
  readonly acceptBareEnd?: boolean;
}

export interface TlsSettings {
  readonly mode: Exclude<TlsMode, "off">;
  readonly data: "private" | "clear";
  readonly acceptBareEnd: boolean;
  readonly client: ClientTlsOptions;
}

/** Undefined for "off". @throws FtpArgumentError for what OpenSSL cannot use */
export function tlsSettingsOf(
  mode: TlsMode | undefined,
  o: FtpTlsOptions = {},
  host: string,
): TlsSettings | undefined {
  if (mode === undefined || mode === "off") return undefined;
  if (mode !== "explicit" && mode !== "implicit" && mode !== "auto") {
    throw new FtpArgumentError('tls is to be "off", "explicit", "implicit" or "auto"');
  }
  const { serverName = host, insecure = false } = o;
  if (serverName === "" || /[\s\0]/.test(serverName)) {
    throw new FtpArgumentError("tlsOptions.serverName is no name or address");
  }
  const verification = insecure ? "none" : mode === "auto" ? "noted" : "demanded";
  return {
    mode,
    data: o.data ?? "private",
    acceptBareEnd: o.acceptBareEnd ?? false,
    client: { context: contextOf(o), serverName, verification },
  };
}

function contextOf(o: FtpTlsOptions): ClientTlsOptions["context"] {
  const { minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = o;
  if (minVersion > maxVersion) throw new FtpArgumentError("tlsOptions: minVersion is above maxVersion");
  checkPems(o);
  try {
    return createSecureContext(contextOptions(o));
  } catch (cause) {
    const { message } = cause as Error;
    throw new FtpArgumentError(
      `tlsOptions: OpenSSL refuses the certificate, the key, its passphrase, or ca: ${message}`,
      { cause },
    );
  }
}

function contextOptions({
  ca,
  cert,
  key,
  passphrase,
  minVersion = "TLSv1.2",
  maxVersion = "TLSv1.3",
}: FtpTlsOptions): SecureContextOptions {
  const old = minVersion === "TLSv1" || minVersion === "TLSv1.1";
  return {
    minVersion,
    maxVersion,
    // Ours first, for servers that leave the choice to their clients; old servers need those behind.
    ciphers: [
      ...new Set([...cipherOrder().split(":"), ...DEFAULT_CIPHERS.split(":"), ...(old ? OLD : [])]),
    ].join(":"),
    ...(old && { secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT }),
    ...(ca !== undefined && {
      ca: [ca]
        .flat()
        .map(String)
        .flatMap((text) => blocks(text, "CERTIFICATE")),
    }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** OpenSSL 3 signs handshakes of TLS 1.0 and 1.1, which have SHA-1, at its lowest level only. */
const OLD = ["@SECLEVEL=0"];

/** OpenSSL takes no notice of an authority that it cannot read. */
function checkPems({ ca, cert, key }: FtpTlsOptions): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw new FtpArgumentError("tlsOptions: cert and key belong together, and one of them is missing");
  }
  if (ca === undefined) return;
  for (const text of [ca].flat().map(String)) {
    const found = blocks(text, "CERTIFICATE");
    if (found.length === 0 || !found.every(isCertificate)) {
      throw new FtpArgumentError("tlsOptions.ca holds no certificate in PEM form (BEGIN CERTIFICATE)");
    }
  }
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

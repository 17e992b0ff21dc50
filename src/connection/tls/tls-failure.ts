/** Why TLS did not come about, in words that do not depend on the version of OpenSSL. */

export type TlsFailureReason =
  | "unknown-authority" // nobody whom we trust vouches for the certificate; it may be self-signed
  | "expired" // the certificate's time is over
  | "not-yet-valid"
  | "wrong-host" // the certificate is for another host
  | "certificate" // something else about it: revoked, for another purpose, too weak
  | "other-certificate" // the data connection has another one than the control connection
  | "no-tls" // what the server says is no TLS
  | "nothing-in-common" // no version, cipher or group that both have
  | "own-certificate" // the server wants a certificate of ours, or refuses the one that we gave
  | "broken"; // the connection ended, or the server gave up without saying why

export class TlsFailure extends Error {
  override readonly name = "TlsFailure";
  readonly reason: TlsFailureReason;
  /** Node's, or OpenSSL's: for logs, and for those who look for it. */
  readonly detail: string | undefined;

  constructor(reason: TlsFailureReason, detail?: string, options?: { cause?: unknown }) {
    super(`TLS failed: ${reason}${detail === undefined ? "" : ` (${detail})`}`, options);
    this.reason = reason;
    this.detail = detail;
  }
}

/** X509_V_ERR_… of OpenSSL, as Node names them. */
const OF_CERTIFICATES: Readonly<Record<string, TlsFailureReason>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknown-authority",
  SELF_SIGNED_CERT_IN_CHAIN: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT: "unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknown-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknown-authority",
  CERT_UNTRUSTED: "unknown-authority",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not-yet-valid",
  ERR_TLS_CERT_ALTNAME_INVALID: "wrong-host",
  HOSTNAME_MISMATCH: "wrong-host",
  CERT_REVOKED: "certificate",
  CERT_REJECTED: "certificate",
  CERT_CHAIN_TOO_LONG: "certificate",
  CERT_SIGNATURE_FAILURE: "certificate",
  INVALID_CA: "certificate",
  INVALID_PURPOSE: "certificate",
  PATH_LENGTH_EXCEEDED: "certificate",
  CA_KEY_TOO_SMALL: "certificate",
  CA_MD_TOO_WEAK: "certificate",
  EE_KEY_TOO_SMALL: "certificate",
};

/** Parts of the codes of ERR_SSL_…, whose full spelling differs from one OpenSSL to the next; first match. */
const OF_OPENSSL: readonly (readonly [RegExp, TlsFailureReason])[] = [
  [/ALERT_(?:CERTIFICATE_(?:REQUIRED|UNKNOWN|EXPIRED|REVOKED)|NO_CERTIFICATE)/, "own-certificate"],
  [/ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/, "own-certificate"],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|BAD_RECORD_TYPE|RECORD_LAYER_FAILURE/, "no-tls"],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW/, "nothing-in-common"],
  [/HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY|NO_SHARED|NO_CIPHERS|WRONG_CIPHER/, "nothing-in-common"],
  [/TOO_SMALL|LEGACY_RENEGOTIATION|BAD_ECPOINT|WRONG_CURVE|NO_SUITABLE/, "nothing-in-common"],
];

/** What an error of Node's TLS means. */
export function tlsFailureOf(error: unknown): TlsFailure {
  if (error instanceof TlsFailure) return error;
  const detail = codeOf(error);
  return new TlsFailure(reasonOf(detail), detail, { cause: error });
}

export function reasonOf(code: string | undefined): TlsFailureReason {
  if (code === undefined) return "broken";
  const ofCertificate = OF_CERTIFICATES[code];
  if (ofCertificate !== undefined) return ofCertificate;
  return OF_OPENSSL.find(([pattern]) => pattern.test(code))?.[1] ?? "broken";
}

/** Whether an error is TLS's, and not the network's: an alert of the peer, or a record that cannot be read. */
export function isOfTls(error: unknown): boolean {
  return codeOf(error)?.startsWith("ERR_SSL_") === true;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Who a server is: its private key and certificates, checked when they are loaded and not at the first client. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** All as PEM text. */
export interface IdentitySource {
  readonly key: string;
  /** The server's certificate, then the intermediate ones. */
  readonly certificate: string;
  /** What an encrypted key is opened with. */
  readonly passphrase?: string;
  /** Hosts that it serves besides those in the certificate; `*.example.org` stands for one label. */
  readonly hosts?: readonly string[];
}

/** Stable, for programs; `message` is one sentence for an operator that says what to do. */
export type TlsConfigurationProblem =
  | "bad-key"
  | "encrypted-key"
  | "bad-certificate"
  | "key-mismatch"
  | "certificate-expired"
  | "certificate-not-yet-valid"
  | "bad-authorities"
  | "bad-revocation-list"
  | "refused-by-openssl";

export class TlsConfigurationError extends Error {
  override readonly name = "TlsConfigurationError";
  readonly code = "ERR_FERRY_TLS_CONFIGURATION";
  readonly problem: TlsConfigurationProblem;

  constructor(problem: TlsConfigurationProblem, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.problem = problem;
  }
}

export class TlsIdentity {
  readonly certificate: X509Certificate;
  /** SHA-256 of the certificate, in hexadecimal with colons, as clients show it. */
  readonly fingerprint: string;
  readonly key: string;
  readonly chain: string;
  readonly passphrase: string | undefined;
  readonly #hosts: readonly string[];

  /**
   * Milliseconds since the epoch in `now`.
   * @throws TlsConfigurationError
   */
  constructor(source: IdentitySource, now: number = Date.now()) {
    const key = readKey(source);
    this.certificate = readCertificate(source.certificate, "certificate");
    checkPair(this.certificate, key);
    checkDates(this.certificate, now);
    this.key = source.key;
    this.chain = source.certificate;
    this.passphrase = source.passphrase;
    this.fingerprint = this.certificate.fingerprint256;
    this.#hosts = (source.hosts ?? []).map((host) => host.toLowerCase().replace(/\.$/, ""));
    const { key: keyText, chain: cert, passphrase } = this;
    checkContext({ key: keyText, cert, ...(passphrase === undefined ? {} : { passphrase }) });
  }

  /** Whether it is for this host; given hosts go before those in the certificate. */
  serves(host: string): boolean {
    const name = host.toLowerCase().replace(/\.$/, "");
    if (this.#hosts.some((pattern) => matches(pattern, name))) return true;
    return isIP(name) === 0
      ? this.certificate.checkHost(name) !== undefined
      : this.certificate.checkIP(name) !== undefined;
  }
}

/** The identities of a server; the first one serves whoever names no host, or an unknown one. */
export class TlsIdentities {
  readonly all: readonly [TlsIdentity, ...TlsIdentity[]];

  constructor(first: TlsIdentity, ...more: readonly TlsIdentity[]) {
    this.all = [first, ...more];
  }

  /** By what HOST said (RFC 7151), else by what the ClientHello says (SNI). */
  choose(host: string | undefined): TlsIdentity {
    const found = host === undefined ? undefined : this.all.find((identity) => identity.serves(host));
    return found ?? this.all[0];
  }
}

/** Whose certificates clients may have. All as PEM text. */
export interface ClientAuthorities {
  readonly certificates: string;
  /** Revocation lists, one for each authority of a chain: OpenSSL refuses certificates of any other. */
  readonly revoked?: string;
}

/** @throws TlsConfigurationError "bad-authorities", "bad-revocation-list" */
export function checkAuthorities({ certificates, revoked }: ClientAuthorities): void {
  if (blocks(certificates, "CERTIFICATE").length === 0) {
    throw new TlsConfigurationError(
      "bad-authorities",
      "the file of client authorities holds no certificate: give a PEM file with BEGIN CERTIFICATE",
    );
  }
  for (const block of blocks(certificates, "CERTIFICATE")) readCertificate(block, "authorities");
  if (revoked === undefined) return;
  if (blocks(revoked, "X509 CRL").length === 0) {
    throw new TlsConfigurationError(
      "bad-revocation-list",
      "the revocation list holds none: give a PEM file with BEGIN X509 CRL (openssl crl -inform der converts)",
    );
  }
  try {
    createSecureContext({ crl: blocks(revoked, "X509 CRL") });
  } catch (cause) {
    throw new TlsConfigurationError("bad-revocation-list", "the revocation list cannot be read", { cause });
  }
}

/** The PEM blocks of a kind. OpenSSL reads only the first list of a text, so that they are given one by one. */
export function blocks(text: string, kind: "CERTIFICATE" | "X509 CRL"): string[] {
  return text.match(new RegExp(`-----BEGIN ${kind}-----[^-]*-----END ${kind}-----`, "g")) ?? [];
}

function readKey({ key, passphrase }: IdentitySource): KeyObject {
  if (!/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(key)) {
    throw new TlsConfigurationError(
      "bad-key",
      "the key file holds no private key in PEM form: it should have a line BEGIN PRIVATE KEY",
    );
  }
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(key);
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (encrypted) {
      throw new TlsConfigurationError(
        "encrypted-key",
        passphrase === undefined
          ? "the private key is encrypted: decrypt it (openssl pkey -in key.pem -out plain.pem), and keep the file readable by the server alone"
          : "the private key cannot be opened with that passphrase",
        { cause },
      );
    }
    throw new TlsConfigurationError("bad-key", "the private key cannot be read: the file is damaged", {
      cause,
    });
  }
}

function readCertificate(text: string, what: "certificate" | "authorities"): X509Certificate {
  const problem = what === "certificate" ? "bad-certificate" : "bad-authorities";
  const [first] = blocks(text, "CERTIFICATE");
  if (first === undefined) {
    throw new TlsConfigurationError(
      problem,
      "the certificate file holds no certificate in PEM form: it should have a line BEGIN CERTIFICATE (openssl x509 -inform der converts)",
    );
  }
  try {
    return new X509Certificate(first);
  } catch (cause) {
    throw new TlsConfigurationError(problem, "a certificate cannot be read: the file is damaged", { cause });
  }
}

function checkPair(certificate: X509Certificate, key: KeyObject): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new TlsConfigurationError(
    "key-mismatch",
    `the private key does not belong to the certificate of ${subjectOf(certificate)}: the server's own certificate has to be the first in its file`,
  );
}

function checkDates(certificate: X509Certificate, now: number): void {
  if (Date.parse(certificate.validTo) < now) {
    throw new TlsConfigurationError(
      "certificate-expired",
      `the certificate of ${subjectOf(certificate)} expired on ${certificate.validTo}: renew it`,
    );
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw new TlsConfigurationError(
      "certificate-not-yet-valid",
      `the certificate of ${subjectOf(certificate)} is not valid before ${certificate.validFrom}: is the clock right?`,
    );
  }
}

/** OpenSSL has rules of its own, such as the least length of a key. */
function checkContext(options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new TlsConfigurationError(
      "refused-by-openssl",
      "OpenSSL refuses the key or a certificate: is the key long enough (RSA 2048 bits), and is the whole chain in the file?",
      { cause },
    );
  }
}

function subjectOf(certificate: X509Certificate): string {
  return certificate.subject?.replaceAll("\n", ", ") || "an unnamed subject";
}

function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

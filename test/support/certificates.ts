/** Keys, certificates and revocation lists for tests, made anew by each process that asks. */
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import "reflect-metadata"; // @peculiar/x509 asks for it
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600 * 1000;

/** All as PEM text. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
  /** SHA-256, hexadecimal with colons. */
  readonly fingerprint: string;
}

export interface CertificateRequest {
  /** CN. */
  readonly name: string;
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[];
  /** Days from now; negative ones lie in the past. */
  readonly from?: number;
  readonly to?: number;
}

/** An authority of its own. */
export class TestAuthority {
  readonly certificate: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #own: x509.X509Certificate;
  #serial = 1;

  private constructor(own: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#own = own;
    this.#keys = keys;
    this.certificate = own.toString("pem");
  }

  static async make(name = "Test Authority"): Promise<TestAuthority> {
    const keys = await makeKeys();
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - DAY),
      notAfter: new Date(Date.now() + 30 * DAY),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new TestAuthority(own, keys);
  }

  async issue({ name, hosts = [], from = -1, to = 30 }: CertificateRequest): Promise<Certificate> {
    const keys = await makeKeys();
    this.#serial += 1;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(2, "0"),
      subject: `CN=${name}`,
      issuer: this.#own.subject,
      notBefore: new Date(Date.now() + from * DAY),
      notAfter: new Date(Date.now() + to * DAY),
      signingKey: this.#keys.privateKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(hosts.length === 0
          ? []
          : [
              new x509.SubjectAlternativeNameExtension(
                hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
              ),
            ]),
      ],
    });
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    const digest = Buffer.from(await certificate.getThumbprint("SHA-256"));
    return {
      key: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
      certificate: `${certificate.toString("pem")}\n`,
      fingerprint: (digest.toString("hex").toUpperCase().match(/../g) ?? []).join(":"),
    };
  }

  /** A revocation list with these certificates on it. */
  async revoke(...certificates: readonly Certificate[]): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#own.subject,
      thisUpdate: new Date(Date.now() - DAY),
      nextUpdate: new Date(Date.now() + 30 * DAY),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      entries: certificates.map(({ certificate }) => ({
        serialNumber: new x509.X509Certificate(certificate).serialNumber,
        revocationDate: new Date(Date.now() - DAY / 2),
      })),
    });
    return x509.PemConverter.encode(list.rawData, "X509 CRL");
  }
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

let shared: Promise<{ authority: TestAuthority; server: Certificate }> | undefined;

/** One authority, and a certificate for localhost, for tests that need no more. */
export function testCertificates(): Promise<{ authority: TestAuthority; server: Certificate }> {
  shared ??= TestAuthority.make().then(async (authority) => ({
    authority,
    server: await authority.issue({ name: "localhost", hosts: ["localhost", "ftp.example"] }),
  }));
  return shared;
}

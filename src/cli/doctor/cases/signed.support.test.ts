/** A certificate of an authority that nobody knows, without that authority's own. */
import "reflect-metadata"; // @peculiar/x509 asks for it
import type { webcrypto } from "node:crypto";
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600 * 1000;

/** Key and certificate, as PEM. */
export async function signedBySomebody(host: string): Promise<string> {
  const { subtle } = globalThis.crypto as webcrypto.Crypto;
  const [authority, own] = await Promise.all(
    [1, 2].map(() => subtle.generateKey(ALGORITHM, true, ["sign", "verify"])),
  );
  if (authority === undefined || own === undefined) throw new Error("no keys");
  const certificate = await X509CertificateGenerator.create({
    serialNumber: "02",
    subject: `CN=${host}`,
    issuer: "CN=Somebody",
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 90 * DAY),
    signingKey: authority.privateKey,
    publicKey: own.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
  });
  const key = PemConverter.encode(await subtle.exportKey("pkcs8", own.privateKey), "PRIVATE KEY");
  return `${key}\n${certificate.toString("pem")}\n`;
}

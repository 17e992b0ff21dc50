/** `--tls-self-signed`: a key and a certificate that vouches for itself, made once and kept. */
import { makeFolder } from "../../client/local-folder.js";
import "reflect-metadata"; // @peculiar/x509 asks for it
import { randomBytes, type webcrypto } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { TlsConfigurationError, TlsIdentity } from "../../connection/tls/identity.js";
import { failure, systemCode, systemReason } from "../errors.js";

const FILE = "tls-self-signed.pem";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600 * 1000;
/** Clients pin it by its fingerprint, so that it had better last. */
const VALID_DAYS = 3650;

/** PEM text with the key and the certificate. */
export async function makeSelfSigned(names: readonly string[], now: number = Date.now()): Promise<string> {
  const { subtle } = globalThis.crypto as webcrypto.Crypto;
  const keys = await subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // RFC 5280 4.1.2.2: positive, and of no other certificate.
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    name: [{ CN: [names[0] ?? "localhost"] }],
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + VALID_DAYS * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: "dns" as const, value })),
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  const key = PemConverter.encode(await subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return `${key}\n${certificate.toString("pem")}\n`;
}

/**
 * The one in `directory`, which is made when it is not there, or is no longer valid.
 * @throws CliError when it can be neither read nor written.
 */
export async function selfSignedIdentity(directory: string): Promise<TlsIdentity> {
  const file = join(directory, FILE);
  try {
    const kept = await readFile(file, "utf8");
    return new TlsIdentity({ key: kept, certificate: kept });
  } catch (error) {
    const expired = error instanceof TlsConfigurationError && error.problem === "certificate-expired";
    if (error instanceof TlsConfigurationError && !expired) {
      throw failure(`cannot use ${file}: ${error.message}; remove it, and a new one is made`, error);
    }
    if (!expired && systemCode(error) !== "ENOENT") {
      throw failure(`cannot read ${file}: ${systemReason(error)}`, error);
    }
  }
  const text = await makeSelfSigned(ownNames());
  await keep(directory, file, text);
  return new TlsIdentity({ key: text, certificate: text });
}

function ownNames(): string[] {
  const own = hostname().toLowerCase();
  const usable = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(own) && own !== "localhost";
  return usable ? ["localhost", own] : ["localhost"];
}

/** Readable by the owner alone from the first moment on, and whole or not there at all. */
async function keep(directory: string, file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    await makeFolder(directory, 0o700);
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw failure(`cannot keep the certificate in ${directory}: ${systemReason(error)}`, error);
  }
}

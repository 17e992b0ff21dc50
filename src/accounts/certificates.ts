/** Whose a client certificate is. That it is genuine was checked before: the server's authorities vouch for it. */
import { X509Certificate } from "node:crypto";
import type { LoginAttempt } from "./accounts.js";

/** What an account has to do with client certificates. */
export interface CertificateRules {
  /** SHA-256 fingerprints in hexadecimal, with or without colons; or `common-name`: CN is the account's name. */
  readonly certificates?: readonly string[];
  /** "alone": no password is needed (the default); "with-password": both are. */
  readonly certificateUse?: "alone" | "with-password";
}

export const CERTIFICATE_USES = ["alone", "with-password"] as const;
export const MAX_CERTIFICATES = 100;
const COMMON_NAME = "common-name";

export function isCertificateRule(text: string): boolean {
  return text === COMMON_NAME || /^[0-9a-f]{64}$/i.test(text.replaceAll(":", ""));
}

/**
 * "enough": the certificate alone lets in; "password": the password decides; "refused": whatever the password is.
 * `rules`: undefined for a name that does not exist.
 */
export function certificateVerdict(
  rules: CertificateRules | undefined,
  { name, password, tls }: LoginAttempt,
): "enough" | "password" | "refused" {
  const { certificates = [], certificateUse = "alone" } = rules ?? {};
  const shown = tls?.certificate;
  const own = shown !== undefined && certificates.length > 0 && isOwn(shown, name, certificates);
  if (certificateUse === "with-password" && certificates.length > 0 && !own) return "refused";
  // Without a password this is USER, which asks whether one is needed.
  if (password !== undefined) return "password";
  return own && certificateUse === "alone" ? "enough" : "refused";
}

function isOwn(der: Uint8Array, name: string, certificates: readonly string[]): boolean {
  const certificate = new X509Certificate(der);
  const fingerprint = normal(certificate.fingerprint256);
  return certificates.some((rule) =>
    rule === COMMON_NAME ? commonNames(certificate).includes(name) : normal(rule) === fingerprint,
  );
}

function commonNames(certificate: X509Certificate): readonly unknown[] {
  const { CN } = certificate.toLegacyObject().subject as { CN?: unknown };
  // Two of them could be meant for two readers: then neither counts.
  return Array.isArray(CN) ? [] : [CN];
}

function normal(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}

/** Whether a login is let in: the questions that every store of records asks, in one order. */
import { createHash } from "node:crypto";
import type { LoginAttempt, Refusal } from "./accounts.js";
import type { Decoys } from "./decoys.js";
import { networksOf } from "./networks.js";
import type { Passwords } from "./password.js";
import type { AccountRecord } from "./record.js";
import { TurnstileError } from "./turnstile.js";

/**
 * Verifies the password first, so that whoever does not know it learns nothing else; an unknown name costs the
 * same. Undefined when nothing speaks against the login.
 */
export async function refusalFor(
  record: AccountRecord | undefined,
  attempt: LoginAttempt,
  o: { readonly passwords: Passwords; readonly decoys: Decoys; readonly now: number },
): Promise<Refusal | undefined> {
  const { password = "", signal } = attempt;
  // For every name: this too takes time.
  const decoy = o.decoys.for(attempt.name);
  try {
    if (record === undefined) {
      await o.passwords.verifyDummy(password, decoy, signal);
      return "credentials";
    }
    if (!byCertificateAlone(record, attempt)) {
      if (!(await o.passwords.verify(record.password, password, signal))) return "credentials";
    }
    return (
      usableRefusal(record, o.now) ?? placeRefusal(record, attempt) ?? (await acctRefusal(record, attempt, o))
    );
  } catch (error) {
    if (error instanceof TurnstileError) return "unavailable";
    throw error;
  }
}

/** Disabled or expired. */
export function usableRefusal(record: AccountRecord, now: number): "disabled" | undefined {
  return record.disabled || expiryOf(record) <= now ? "disabled" : undefined;
}

/** Milliseconds; infinite when the account does not expire. */
export function expiryOf({ expires }: AccountRecord): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
}

/** USER answered by 232 (RFC 4217 7): no password was asked for, because the certificate names the account. */
function byCertificateAlone(record: AccountRecord, attempt: LoginAttempt): boolean {
  return attempt.password === undefined && hasCertificate(record, attempt);
}

/** Where the login comes from, and how. */
function placeRefusal(record: AccountRecord, attempt: LoginAttempt): Refusal | undefined {
  const { networks, certificates, tlsRequired } = record;
  if (networks !== undefined && !networksOf(networks).has(attempt.peer.address)) return "network";
  if ((tlsRequired === true || certificates !== undefined) && attempt.tls === undefined) return "tls-needed";
  return certificates === undefined || hasCertificate(record, attempt) ? undefined : "credentials";
}

function hasCertificate({ certificates }: AccountRecord, { tls }: LoginAttempt): boolean {
  if (certificates === undefined || tls?.certificate === undefined) return false;
  return certificates.includes(createHash("sha256").update(tls.certificate).digest("hex"));
}

async function acctRefusal(
  { accountPassword }: AccountRecord,
  { account, signal }: LoginAttempt,
  { passwords }: { readonly passwords: Passwords },
): Promise<Refusal | undefined> {
  if (accountPassword === undefined) return undefined;
  if (account === undefined) return "account-needed";
  return (await passwords.verify(accountPassword, account, signal)) ? undefined : "credentials";
}

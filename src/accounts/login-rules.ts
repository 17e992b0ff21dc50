/** Whether a login is let in: the questions that every store of records asks, in one order. */
import type { LoginAttempt, Refusal } from "./accounts.js";
import { certificateVerdict } from "./certificates.js";
import type { Decoys } from "./decoys.js";
import { networksOf } from "./networks.js";
import type { Passwords } from "./password.js";
import type { AccountRecord } from "./record.js";
import { TurnstileError } from "./turnstile.js";

/**
 * Verifies the password first, so that whoever does not know it learns nothing else; an unknown name costs the
 * same. Undefined when nothing speaks against the login. Whether TLS is there the server asks: see
 * `Account.requireTls`.
 */
export async function refusalFor(
  record: AccountRecord | undefined,
  attempt: LoginAttempt,
  o: { readonly passwords: Passwords; readonly decoys: Decoys; readonly now: number },
): Promise<Refusal | undefined> {
  const { password = "", signal } = attempt;
  const verdict = certificateVerdict(record, attempt);
  // USER asked whether a certificate is enough: there is no password to verify.
  if (verdict === "refused" && attempt.password === undefined) return "credentials";
  // For every name: this too takes time.
  const decoy = o.decoys.for(attempt.name);
  try {
    if (record === undefined) {
      await o.passwords.verifyDummy(password, decoy, signal);
      return "credentials";
    }
    const right = verdict === "enough" || (await o.passwords.verify(record.password, password, signal));
    if (!right || verdict === "refused") return "credentials";
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

function placeRefusal({ networks }: AccountRecord, { peer }: LoginAttempt): Refusal | undefined {
  return networks === undefined || networksOf(networks).has(peer.address) ? undefined : "network";
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

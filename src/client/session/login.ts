/** The login: USER, PASS, ACCT (RFC 959 5.4). */
import { FtpLoginError } from "../errors.js";
import type { Settings } from "../options.js";
import { type Charset, charsetFor, UTF8 } from "./charset.js";
import type { UserPi, Wait } from "./user-pi.js";

/** @throws FtpLoginError */
export async function logIn(pi: UserPi, settings: Settings, wait: Wait): Promise<void> {
  const { user, password, account } = settings;
  const charset = charsetOf(settings);
  let reply = await pi.exchange("USER", charset.encode(user), wait);
  if (reply.code === 331) reply = await pi.exchange("PASS", charset.encode(password), wait);
  if (reply.code === 332) {
    if (account === undefined) {
      throw new FtpLoginError({ reply, hint: "The server wants an account (option `account`)." });
    }
    reply = await pi.exchange("ACCT", charset.encode(account), wait);
  }
  if (reply.code >= 300) throw new FtpLoginError({ reply });
}

/** What nobody may read of a login, as it will be sent. @throws FtpArgumentError */
export function secretsOf(settings: Settings): string[] {
  const charset = charsetOf(settings);
  return [settings.password, settings.account ?? ""].map((secret) => charset.encode(secret));
}

/** The server's is not known yet: names and passwords are UTF-8, or what `charset` says. */
function charsetOf({ charset, charsetAlways }: Settings): Charset {
  return charsetAlways ? charsetFor(charset) : UTF8;
}

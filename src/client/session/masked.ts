/** Commands as traces show them. */

/** Verbs whose argument nobody may see. */
const SECRET = /^(?:PASS|ACCT|ADAT)$/i;
const SECRET_SITE = /^(?:PSWD|PASS|CHPASS|PASSWD|AUTH|GPASS)\b/i;
/** Without what nobody may see. */
export function masked(verb: string, argument: string | undefined): string {
  if (argument === undefined) return verb;
  const secret = SECRET.test(verb) || (/^SITE$/i.test(verb) && SECRET_SITE.test(argument));
  return `${verb} ${secret ? "****" : argument}`;
}

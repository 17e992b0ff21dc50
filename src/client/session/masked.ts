/** What of a command anybody may read. */

/** Verbs whose argument nobody may see. */
const SECRET = /^(?:PASS|ACCT|ADAT)$/i;
const SECRET_SITE = /^(?:PSWD|PASS|CHPASS|PASSWD|AUTH|GPASS)\b/i;

/** As traces show it. */
export function masked(verb: string, argument: string | undefined): string {
  if (argument === undefined) return verb;
  const secret = SECRET.test(verb) || (/^SITE$/i.test(verb) && SECRET_SITE.test(argument));
  return `${verb} ${secret ? "****" : argument}`;
}

/** Account names, as every store takes them. */

export const MAX_ACCOUNT_NAME = 128;

/**
 * 1 to {@link MAX_ACCOUNT_NAME} characters of valid Unicode, without `/` (names end up in paths and URLs) and
 * without control characters (they end up in logs). Upper and lower case differ.
 */
export function isAccountName(name: string): boolean {
  return (
    name.length >= 1 &&
    name.length <= MAX_ACCOUNT_NAME &&
    name.isWellFormed() &&
    !/[/\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)
  );
}

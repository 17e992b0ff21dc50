/** `mongodb://…` and `mongodb+srv://…`, and what of them may be shown. */
import { AccountsDatabaseError } from "./database-error.js";

export const DEFAULT_DATABASE = "ferry";

export interface DatabaseUrl {
  /** As it was given; holds the password. */
  readonly url: string;
  readonly database: string;
  /** Without user and password, and without options, which may hold secrets too. */
  readonly shown: string;
  /** What must show in no message. */
  readonly secrets: readonly string[];
}

const FORM = /^(mongodb(?:\+srv)?:\/\/)(?:([^@/?]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;

export function isDatabaseUrl(text: string): boolean {
  return /^mongodb(?:\+srv)?:\/\//i.test(text);
}

/** @throws AccountsDatabaseError "url"; the message holds no part of the URL. */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const found = FORM.exec(url);
  if (found === null) {
    throw new AccountsDatabaseError(
      "url",
      "expected mongodb://[user:password@]host[:port][,…]/database[?options]",
    );
  }
  const [, scheme = "", user = "", hosts = "", path = "", options = ""] = found;
  const database = decoded(path) || DEFAULT_DATABASE;
  if (/[/\\. "$*<>:|?\0]/.test(database) || Buffer.byteLength(database) > 63) {
    throw new AccountsDatabaseError(
      "url",
      "the name of the database holds a character that MongoDB does not take",
    );
  }
  return {
    url,
    database,
    shown: `${scheme}${hosts}/${path || DEFAULT_DATABASE}`,
    secrets: secretsOf(user, options),
  };
}

function secretsOf(user: string, options: string): string[] {
  const password = user.includes(":") ? user.slice(user.indexOf(":") + 1) : "";
  const ofOptions = [...new URLSearchParams(options)]
    .filter(([key]) => /password|token|authmechanismproperties/i.test(key))
    .map(([, value]) => value);
  return [password, decoded(password), ...ofOptions].filter((secret) => secret !== "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

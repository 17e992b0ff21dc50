/** Where `--accounts` leads. */
import { resolve } from "node:path";
import { isDatabaseUrl, parseDatabaseUrl } from "../accounts/mongodb/url.js";
import { ValueError } from "./values.js";

/** A file, or a database. The message never holds the text: a URL may hold a password. */
export function accountsPlace(text: string): string {
  if (!isUrl(text)) {
    if (text === "" || text.includes("\0")) throw new ValueError("expected a file or mongodb://…");
    return text;
  }
  if (!isDatabaseUrl(text)) throw new ValueError("expected a file, or mongodb://HOST/DATABASE");
  try {
    parseDatabaseUrl(text);
  } catch (error) {
    throw new ValueError(error instanceof Error ? error.message : String(error));
  }
  return text;
}

/** A file is seen from `directory`. */
export function accountsFrom(directory: string, place: string): string {
  return isUrl(place) ? place : resolve(directory, place);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text);
}

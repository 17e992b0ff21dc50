/** A text as one word of a line, in the kind of quotes that its writer began. */
import { escapeAll, isHostile } from "./escapes.js";
import type { Quotes } from "./tokens.js";

/** What means something outside of quotes. */
const SPECIAL = /[\s'"\\;&|<>*?[\]$`(){}]/g;
/** What means something at the beginning of a word only. */
const SPECIAL_FIRST = /^[~#!]/;

/** `open`: the quotes are not closed, so that typing goes on inside of them. */
export function quoteWord(text: string, quotes: Quotes = "none", open = false): string {
  if (isHostile(text)) return `$'${escapeAll(text)}${open ? "" : "'"}`;
  switch (quotes) {
    case "ansi":
      return `$'${escapeAll(text)}${open ? "" : "'"}`;
    case "double":
      return `"${text.replace(/["\\]/g, "\\$&")}${open ? "" : '"'}`;
    case "single":
      if (!text.includes("'")) return `'${text}${open ? "" : "'"}`;
      return quoteWord(text, "double", open);
    case "none":
    case "backslash":
      if (text === "") return open ? "" : "''";
      return text.replace(SPECIAL, "\\$&").replace(SPECIAL_FIRST, "\\$&");
  }
}

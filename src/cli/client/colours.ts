/** Colours of names in listings, as `ls` has them: LS_COLORS, unless NO_COLOR is set. */
import type { FtpEntry } from "../../client/verbs/listing.js";
import type { Terminal } from "../terminal.js";

/** Gives the text, which is shown for the entry, its colour. */
export type Paint = (text: string, entry: Pick<FtpEntry, "name" | "type" | "mode">) => string;

const USUAL: ReadonlyMap<string, string> = new Map([
  ["di", "01;34"],
  ["ln", "01;36"],
  ["ex", "01;32"],
]);

/** Nothing is coloured in a pipe, with NO_COLOR (no-color.org), or where TERM is "dumb". */
export function painter({ output, environment }: Pick<Terminal, "output" | "environment">): Paint {
  const { NO_COLOR, TERM, LS_COLORS } = environment;
  if (output.isTTY !== true || (NO_COLOR ?? "") !== "" || TERM === "dumb") return (text) => text;
  const codes = LS_COLORS === undefined ? USUAL : codesOf(LS_COLORS);
  return (text, entry) => {
    const code = codeFor(entry, codes);
    return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  };
}

function codeFor(
  { name, type, mode = 0 }: Pick<FtpEntry, "name" | "type" | "mode">,
  codes: ReadonlyMap<string, string>,
): string | undefined {
  if (type === "directory") return codes.get("di");
  if (type === "link") return codes.get("ln");
  if (type === "file" && (mode & 0o111) !== 0) return codes.get("ex");
  const dot = name.lastIndexOf(".");
  return (dot > 0 ? codes.get(`*${name.slice(dot).toLowerCase()}`) : undefined) ?? codes.get("fi");
}

/** Only what can be a colour: the variable must not steer the terminal either. */
function codesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(":").map((part) => part.split("=", 2));
  return new Map(
    pairs.flatMap(([key = "", value = ""]) =>
      /^\d{1,3}(?:;\d{1,3})*$/.test(value) ? [[key.toLowerCase(), value] as const] : [],
    ),
  );
}

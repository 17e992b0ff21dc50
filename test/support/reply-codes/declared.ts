/** What the commands' declarations promise. The package does not export them; a document is made from them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../project.js";

/** Command and code, as "RETR 550", of every row of docs/rfc-compliance.md. */
export function declaredCodes(): readonly string[] {
  const document = readFileSync(join(projectFolder, "docs/rfc-compliance.md"), "utf8");
  const rows = document.matchAll(/^\| `([A-Z]+(?:, [A-Z]+)*(?: [A-Z]+)?)[^`]*` \|.*\| ([\d, ]+) \|$/gm);
  return [...rows].flatMap(([, names = "", codes = ""]) => {
    const verb = names.replace(/,.*/, "");
    return codes.split(", ").map((code) => `${verb} ${code}`);
  });
}

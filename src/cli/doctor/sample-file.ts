/** A file that downloads can be tried with. */
import type { ListedFile, Visit } from "./visit.js";

/** What the user named, or the biggest of the folder: small ones are whole before they can be broken off. */
export function fileToTry({ facts, subject }: Visit): ListedFile | undefined {
  if (facts.file !== undefined) return facts.file;
  if (subject.file !== undefined) return { name: subject.file, size: undefined };
  const facted = (facts.facted ?? []).map(({ name, facts: of }) => ({
    name,
    isFile: of.get("type")?.toLowerCase() === "file",
    size: sizeOf(of.get("size")),
  }));
  const listed = (facts.listed ?? []).map(({ name, type, size }) => ({
    name,
    isFile: type === "file",
    size,
  }));
  let found: ListedFile | undefined;
  for (const { name, isFile, size = 0 } of [...facted, ...listed]) {
    if (isFile && size > (found?.size ?? 0) && isPlain(name)) found = { name, size };
  }
  return found;
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A name of one component that a command can carry as it is. */
function isPlain(name: string): boolean {
  return !/[/\\\0\r\n]/.test(name) && name === name.trim() && !name.startsWith("-");
}

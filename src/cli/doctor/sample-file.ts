/** A file that downloads can be tried with. */
import type { ListedFile, Visit } from "./visit.js";

/** What the user named, or the first of the folder that is not empty. */
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
  const found = [...facted, ...listed].find(
    ({ name, isFile, size }) => isFile && (size ?? 0) > 0 && isPlain(name),
  );
  return found === undefined ? undefined : { name: found.name, size: found.size };
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A name of one component that a command can carry as it is. */
function isPlain(name: string): boolean {
  return !/[/\\\0\r\n]/.test(name) && name === name.trim() && !name.startsWith("-");
}

/** Folders on this machine. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Not by mkdir's own `recursive`: that one goes on for ever, and cannot be
 * interrupted, where the system says ENOENT though the folder above is there (autofs, /proc).
 * @param mode Of each that is made; what the process gives when absent
 * @returns Whether it was made
 * @throws What the file system says, EEXIST for a file in its place
 */
export async function makeFolder(path: string, mode?: number): Promise<boolean> {
  if (await isFolder(path)) return false;
  const above = dirname(path);
  if (above !== path) await makeFolder(above, mode);
  try {
    await mkdir(path, mode);
    return true;
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) === "EEXIST" && (await isFolder(path))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

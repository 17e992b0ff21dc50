/** Where the project is, seen from a compiled test in build/test/…. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectFolder = fileURLToPath(new URL("../../../", import.meta.url));

/** Files below a folder of the project, sorted, as paths from the project with `/`; none when it is not there. */
export function filesOf(folder: string): string[] {
  try {
    return readdirSync(join(projectFolder, folder), { withFileTypes: true })
      .flatMap((entry) => {
        const path = `${folder}/${entry.name}`;
        return entry.isDirectory() ? filesOf(path) : [path];
      })
      .sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

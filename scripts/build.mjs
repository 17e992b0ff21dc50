/** Compiles src/ to dist/, and test/, bench/ and examples/ to build/. Quick when nothing has changed. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, main, root, run, tool } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

const OUTPUTS = [
  { folder: "dist", sources: "src" },
  { folder: "build/test", sources: "test" },
  { folder: "build/bench", sources: "bench" },
  { folder: "build/examples", sources: "examples" },
];

/** With `only: "src"`, what users run and nothing else. */
export function build({ only } = {}) {
  const outputs = OUTPUTS.filter(({ sources }) => only === undefined || sources === only);
  outputs.forEach(removeOrphans);
  compile(only);
  if (outputs.every(isComplete)) return;
  // Somebody deleted outputs but left the notes that say they are there.
  for (const notes of ["dist/.tsbuildinfo", "build/.tsbuildinfo"]) rmSync(join(root, notes), { force: true });
  compile(only);
}

function compile(only = ".") {
  const code = run(process.execPath, [tool("typescript", "bin", "tsc"), "--build", only]);
  if (code !== 0) throw new Failure("the build failed: see above");
}

/** The test runner would go on running the tests of a source file that was removed or renamed. */
function removeOrphans({ folder, sources }) {
  for (const file of filesUnder(folder)) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (source === file || existsSync(join(root, sources, source))) continue;
    rmSync(join(root, folder, file));
  }
}

function isComplete({ folder, sources }) {
  return filesUnder(sources)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .every((file) => existsSync(join(root, folder, file.replace(/\.ts$/, ".js"))));
}

/** Paths relative to the folder. */
export function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(root, folder).length + 1))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => {
    ensureDependencies();
    build();
  });
}

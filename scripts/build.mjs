/** Compiles src/ to dist/, and test/, bench/ and examples/ to build/. Quick when nothing has changed. */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, main, root, run, tool } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

const OUTPUTS = [
  { folder: "dist", sources: "src" },
  { folder: "build/test", sources: "test" },
  { folder: "build/bench", sources: "bench" },
  { folder: "build/examples", sources: "examples" },
];

/** Made of files of `dist`, not of one source each. */
const BUNDLED = `bin${sep}`;

/** With `only: "src"`, what users run and nothing else. */
export function build({ only } = {}) {
  const outputs = OUTPUTS.filter(({ sources }) => only === undefined || sources === only);
  outputs.forEach(removeOrphans);
  compile(only);
  if (!outputs.every(isComplete)) {
    // Somebody deleted outputs but left the notes that say they are there.
    for (const notes of ["dist/.tsbuildinfo", "build/.tsbuildinfo"])
      rmSync(join(root, notes), { force: true });
    compile(only);
  }
  bundleProgram();
}

function compile(only = ".") {
  const code = run(process.execPath, [tool("typescript", "bin", "tsc"), "--build", only]);
  if (code !== 0) throw new Failure("the build failed: see above");
}

/**
 * The program in few files: Node.js takes as long to find and load the two hundred of `dist/cli` as a small transfer
 * does. Libraries stay where npm puts them; what is loaded lazily there is loaded lazily here.
 */
function bundleProgram() {
  const notes = join(root, "dist", ".tsbuildinfo");
  const program = join(root, "dist", "bin", "ferry.js");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(notes).mtimeMs) return;
  rmSync(join(root, "dist", "bin"), { recursive: true, force: true });
  // On a fresh clone it was not there when this file was loaded.
  const { buildSync } = createRequire(import.meta.url)("esbuild");
  buildSync({
    entryPoints: { ferry: join(root, "dist", "cli", "main.js") },
    outdir: join(root, "dist", "bin"),
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    logLevel: "warning",
  });
}

/** The test runner would go on running the tests of a source file that was removed or renamed. */
function removeOrphans({ folder, sources }) {
  for (const file of filesUnder(folder)) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (source === file || file.startsWith(BUNDLED) || existsSync(join(root, sources, source))) continue;
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

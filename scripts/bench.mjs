/** `npm run bench`: see bench/main.ts; flags are handed on. */
import { join } from "node:path";
import { build } from "./build.mjs";
import { main, root, run } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(() => {
  ensureDependencies();
  build();
  return run(process.execPath, [join(root, "build", "bench", "main.js"), ...process.argv.slice(2)]);
});

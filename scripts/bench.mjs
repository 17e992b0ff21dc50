/** `npm run bench`: see bench/main.ts; flags are handed on. `npm run bench -- accounts`: see bench/accounts.ts. */
import { join } from "node:path";
import { build } from "./build.mjs";
import { main, root, run } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(() => {
  ensureDependencies();
  build();
  const [first, ...rest] = process.argv.slice(2);
  const [program, flags] = first === "accounts" ? ["accounts.js", rest] : ["main.js", process.argv.slice(2)];
  return run(process.execPath, [join(root, "build", "bench", program), ...flags]);
});

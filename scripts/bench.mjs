/** `npm run bench`: see bench/main.ts; flags are handed on. With `-- accounts` or `-- client` first: that file of bench/. */
import { join } from "node:path";
import { build } from "./build.mjs";
import { main, root, run } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(() => {
  ensureDependencies();
  build();
  const [first, ...rest] = process.argv.slice(2);
  const others = ["accounts", "client"];
  const [program, flags] = others.includes(first)
    ? [`${first}.js`, rest]
    : ["main.js", process.argv.slice(2)];
  return run(process.execPath, [join(root, "build", "bench", program), ...flags]);
});

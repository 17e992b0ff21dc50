/**
 * `npm run fuzz`: the property tests, with many more runs than `npm test` gives them, in a bounded time.
 *
 *   npm run fuzz                       about a minute
 *   npm run fuzz -- --seconds 600 reply-decoder
 *   FERRY_FUZZ_RUNS=50 npm test        the same multiplication in an ordinary run
 *
 * Tests need nothing for it: see fuzz-hooks.mjs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { runTests, testFiles } from "./node-tests.mjs";
import { Failure, main, root, say } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string", default: "60" } },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Failure("--seconds is a number above 0");

  ensureDependencies();
  build();
  const files = testFiles(positionals).filter((file) => countProperties(file) > 0);
  const properties = files.reduce((sum, file) => sum + countProperties(file), 0);
  if (properties === 0) throw new Failure("no property test there");

  const each = Math.max(0.2, seconds / properties);
  say(`${properties} properties in ${files.length} files, about ${each.toFixed(1)} s each`);
  const env = { FERRY_FUZZ_RUNS: "1000000", ...process.env, FERRY_FUZZ_SECONDS: String(each) };
  return runTests(files, { env, timeLimit: (60 + 2 * seconds) * 1000 });
});

function countProperties(file) {
  return readFileSync(join(root, file), "utf8").match(/\bfc\.(assert|check)\(/g)?.length ?? 0;
}

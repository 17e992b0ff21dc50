/** Runs compiled test files with node:test, in one run that ends in the runner's own summary. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { filesUnder } from "./build.mjs";
import { onCi, root, run, say } from "./project.mjs";

/** Of one file; far more than any needs, so that what hangs fails. */
const TIME_LIMIT_MS = 240_000;

const FUZZ_HOOKS = new URL("fuzz-hooks.mjs", import.meta.url).href;

/** Unit tests and the tests in test/, as paths from the project's folder; those that hold one of `words`. */
export function testFiles(words = []) {
  const all = ["dist", "build/test"].flatMap((folder) =>
    filesUnder(folder).map((file) => `${folder}/${file}`),
  );
  const tests = all.filter((file) => file.endsWith(".test.js"));
  return words.length === 0 ? tests : tests.filter((file) => words.some((word) => file.includes(word)));
}

/** Returns the exit code. On CI a skipped test is a failed one. `timeLimit` is that of one file. */
export function runTests(
  files,
  { node = process.execPath, nodeArguments = [], env = process.env, timeLimit = TIME_LIMIT_MS } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "ferry-tests-"));
  const skips = join(folder, "skips");
  try {
    const code = run(
      node,
      [
        "--test",
        `--test-concurrency=${Math.max(2, availableParallelism())}`,
        `--test-timeout=${timeLimit}`,
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        `--test-reporter=${new URL("skip-reporter.mjs", import.meta.url).href}`,
        `--test-reporter-destination=${skips}`,
        ...(env.FERRY_FUZZ_RUNS === undefined ? [] : ["--import", FUZZ_HOOKS]),
        ...nodeArguments,
        ...files.map((file) => join(root, file)),
      ],
      { env },
    );
    const skipped = readFileSync(skips, "utf8").trimEnd();
    if (code !== 0 || skipped === "" || !onCi) return code;
    say(`CI skips nothing, but these tests did not run:\n${skipped}`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The conformance suites find what they are there to find: each fault of the fixtures, by the test named for it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { extname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

/** Failed tests by the outermost `describe`. */
async function failuresIn(fixture: string): Promise<Map<string, string[]>> {
  const source = extname(fileURLToPath(import.meta.url));
  const file = fileURLToPath(new URL(`${fixture}.test.fixture${source}`, import.meta.url));
  // Loaders are wanted, what was said about this run is not.
  const flags = process.execArgv.filter((flag) => !flag.startsWith("--test"));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const output = await new Promise<string>((resolve) => {
    const options = { env, maxBuffer: 64 * 1024 * 1024 };
    // Its exit code says that tests failed, as they should.
    execFile(process.execPath, [...flags, "--test-reporter=tap", file], options, (_error, stdout) =>
      resolve(stdout),
    );
  });
  const failures = new Map<string, string[]>();
  let failed: string[] = [];
  for (const line of output.split("\n")) {
    const found = /^( *)(ok|not ok) \d+ - (.*?)(?: # SKIP.*)?$/.exec(line);
    if (found === null) continue;
    const name = (found[3] ?? "").replaceAll("\\#", "#").replaceAll("\\\\", "\\");
    if (found[1] === "") {
      failures.set(name, failed);
      failed = [];
    } else if (found[2] === "not ok") failed.push(name);
  }
  return failures;
}

for (const [suite, fixture, least] of [
  ["the storage conformance suite", "./fixtures/broken-storages", 25],
  ["the account conformance suite", "./fixtures/broken-accounts", 10],
] as const) {
  describe(suite, async () => {
    const failures = await failuresIn(fixture);

    test("passes what has no fault", () => {
      assert.deepEqual(failures.get("no fault"), []);
    });

    test("finds every fault", () => {
      const faults = [...failures].filter(([name]) => name !== "no fault");
      assert.ok(faults.length >= least, `${faults.length} faults were tried`);
      for (const [fault, failed] of faults) {
        const finder = fault.slice(0, fault.lastIndexOf(": "));
        assert.ok(failed.includes(finder), `not found by its test: ${fault}; but by ${failed.join(", ")}`);
      }
    });
  });
}

/**
 * `npm test`: all that CI checks, on a clone where nothing was installed yet: format and lint, types and build,
 * and the tests (unit, sockets, real clients, the package). `npm test -- reply` runs the test files whose path
 * holds "reply", and nothing else; `npm test -- --test-name-pattern=…` hands a flag on to node.
 */
import { build } from "./build.mjs";
import { ensureClients } from "./clients.mjs";
import { findDatabases } from "./mongodb.mjs";
import { runTests, testFiles } from "./node-tests.mjs";
import { Failure, main, run, tool } from "./project.mjs";
import { findServers } from "./servers.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(async () => {
  const nodeArguments = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
  const words = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
  const everything = words.length === 0 && nodeArguments.length === 0;

  ensureDependencies();
  if (everything) {
    lint();
    ensureClients();
  }
  build();
  const files = testFiles(words);
  if (files.length === 0) throw new Failure(`no test file's path holds ${words.join(" or ")}`);
  const databases = files.some((file) => /mongodb/.test(file)) ? await findDatabases() : undefined;
  const servers = files.some((file) => /real-servers/.test(file)) ? findServers() : undefined;
  const found = { FERRY_TEST_DATABASE: databases ?? "none", FERRY_TEST_SERVERS: servers ?? "none" };
  return runTests(files, { nodeArguments, env: { ...process.env, ...found } });
});

function lint() {
  const code = run(process.execPath, [
    tool("@biomejs", "biome", "bin", "biome"),
    "check",
    "--error-on-warnings",
  ]);
  if (code !== 0) throw new Failure('format or lint is wrong: see above; "npm run format" mends most of it');
}

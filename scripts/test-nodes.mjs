/**
 * `npm run test:nodes`: the tests on other releases of Node.js, taken from npm. With `-- current` also on the
 * one that runs this; with `-- 22` on that one alone.
 */
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { build } from "./build.mjs";
import { ensureClients } from "./clients.mjs";
import { runTests, testFiles } from "./node-tests.mjs";
import { Failure, main, npm, root, say } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

const RELEASES = ["22.23.3", "24.21.0"];

await main(() => {
  const words = process.argv.slice(2);
  const nodes = [
    ...RELEASES.filter((release) => chosen(words, release)).map((release) => () => fetchNode(release)),
    ...(words.includes("current") ? [() => process.execPath] : []),
  ];
  if (nodes.length === 0) throw new Failure(`known releases: ${RELEASES.join(", ")}, current`);

  ensureDependencies();
  ensureClients();
  build();
  const failed = nodes.map((path) => path()).filter((node) => !passesOn(node));
  if (failed.length > 0) throw new Failure(`the tests fail on ${failed.join(" and ")}`);
});

function chosen(words, release) {
  const releases = words.filter((word) => word !== "current");
  return releases.length === 0 || releases.some((word) => release === word || release.startsWith(`${word}.`));
}

function passesOn(node) {
  say(`testing on ${node}`);
  // Tests that start `node` by name get the same one.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
  return runTests(testFiles(), { node, env }) === 0;
}

/**
 * The npm package `node` only runs a script that installs the package of the machine's system and processor, of
 * the same version, which holds the program; that one is fetched directly.
 */
function fetchNode(release) {
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  const name = `${prefix}-${process.platform}-${process.arch}`;
  const folder = join(root, ".cache", "nodes", release);
  const node = join(folder, "node_modules", name, "bin", "node");
  if (existsSync(node)) return node;
  say(`fetching Node.js ${release}`);
  mkdirSync(folder, { recursive: true });
  const code = npm(
    [
      "install",
      "--prefix",
      folder,
      "--no-save",
      "--no-package-lock",
      "--ignore-scripts",
      "--loglevel=error",
      `${name}@${release}`,
    ],
    { quiet: true },
  );
  if (code !== 0 || !existsSync(node))
    throw new Failure(`Node.js ${release} could not be fetched: see above`);
  return node;
}

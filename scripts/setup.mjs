/** Installs the dependencies when they are missing or not those of package-lock.json. */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, npm, root, say } from "./project.mjs";

const OLDEST_NODE = [20, 19];

export function ensureDependencies() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new Failure(`needs Node.js ${OLDEST_NODE.join(".")} or newer; this is ${process.versions.node}`);
  }
  // A linked folder is somebody else's: npm would empty it.
  if (areInstalled() || isLink(join(root, "node_modules"))) return;
  say("installing the dependencies");
  const code = npm(["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
    quiet: true,
  });
  if (code !== 0) throw new Failure("the dependencies could not be installed: see above");
}

/**
 * npm writes down what it installed in node_modules/.package-lock.json. Contents are compared, not times: git
 * gives a file the time of the checkout. Packages for other systems are optional, and may be missing.
 */
function areInstalled() {
  const wanted = packages("package-lock.json");
  const installed = packages("node_modules", ".package-lock.json");
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "") return true;
    const there = installed[path];
    return there === undefined ? optional === true : there.version === version;
  });
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function packages(...path) {
  try {
    return JSON.parse(readFileSync(join(root, ...path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

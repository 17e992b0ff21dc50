/**
 * The FTP servers of others that the tests run Ferry's client against. Their Debian packages conflict with each
 * other, so they are never installed: they are fetched with the libraries that this machine lacks, and unpacked
 * into .cache/servers-<hash>. The folder is printed and handed to the tests in FERRY_TEST_SERVERS.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, isOnPath, main, onCi, root, say } from "./project.mjs";

const SERVERS = {
  vsftpd: ["vsftpd"],
  ProFTPD: ["proftpd-core", "proftpd-mod-crypto"],
  "Pure-FTPd": ["pure-ftpd", "pure-ftpd-common"],
  pyftpdlib: ["python3-pyftpdlib", "python3-openssl"],
  "inetutils ftpd": ["inetutils-ftpd", "libnss-wrapper"],
};

/** Changes when what is unpacked, or how, changes. */
const EDITION = 1;
const TIME_LIMIT = 180_000;

/** The folder; undefined, after saying so, when it cannot be had; on CI that is a failure. */
export function findServers() {
  const result = fetchedServers();
  if (result.folder !== undefined) {
    const versions = readFileSync(join(result.folder, "versions"), "utf8").trim().replaceAll("\n", ", ");
    say(`the client is tested with ${versions}`);
    return result.folder;
  }
  const text = `NO FTP SERVERS for the tests of the client: ${result.reason}`;
  if (onCi) throw new Failure(`${text}; CI skips nothing`);
  say(`${"*".repeat(20)} ${text}; they are skipped ${"*".repeat(20)}`);
  return undefined;
}

function fetchedServers() {
  if (!existsSync("/etc/debian_version") || !["apt-get", "apt-cache", "dpkg"].every(isOnPath)) {
    return { reason: "they are taken from Debian's packages, and this is no Debian" };
  }
  const name = `servers-${hashOfWanted()}`;
  const folder = join(root, ".cache", name);
  if (existsSync(join(folder, "versions"))) return { folder };
  say("fetching the FTP servers that the client is tested with, once");
  const half = join(root, ".cache", `${name}.${process.pid}`);
  mkdirSync(half, { recursive: true });
  try {
    const reason = unpackInto(half);
    if (reason !== undefined) return { reason };
    removeOthers(name);
    placeAt(half, folder);
    return { folder };
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** Undefined when all went well. */
function unpackInto(folder) {
  const wanted = Object.values(SERVERS).flat();
  const download = () => inFolder(folder, "apt-get", "download", ...withLibraries(wanted));
  let ended = download();
  // The lists of packages may be missing, or so old that they name what is there no more; only root may fetch them.
  if (ended.status !== 0 && inFolder(folder, "apt-get", "update").status === 0) ended = download();
  if (ended.status !== 0) return `apt-get download: ${lastLine(ended.stderr)}`;
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".deb"))) {
    const unpacked = inFolder(folder, "dpkg", "-x", file, ".");
    if (unpacked.status !== 0) return `${file} cannot be unpacked: ${lastLine(unpacked.stderr)}`;
  }
  const versions = Object.entries(SERVERS).map(
    ([server, [first]]) => `${server} ${versionOf(folder, first)}`,
  );
  for (const file of readdirSync(folder)) if (file.endsWith(".deb")) rmSync(join(folder, file));
  writeFileSync(join(folder, "versions"), `${versions.join("\n")}\n`);
  return undefined;
}

/** With the libraries and Python modules that they depend on and that are not installed, all the way down. */
function withLibraries(packages) {
  const found = new Set(packages);
  const visit = (name) => {
    const { stdout } = inFolder(root, "apt-cache", "depends", "--important", name);
    for (const [, needed] of stdout.matchAll(/^[ |]*(?:Pre)?Depends: ((?:lib|python3)[^<>\s:]*)/gm)) {
      if (found.has(needed) || isInstalled(needed)) continue;
      found.add(needed);
      visit(needed);
    }
  };
  packages.forEach(visit);
  return found;
}

function isInstalled(name) {
  return /^Status: .* installed$/m.test(inFolder(root, "dpkg-query", "--status", name).stdout);
}

/** `3.0.3-13` of `vsftpd_3.0.3-13+b2_amd64.deb`. */
function versionOf(folder, name) {
  const file = readdirSync(folder).find((each) => each.startsWith(`${name}_`)) ?? "";
  return decodeURIComponent(file).split("_")[1]?.replace(/^\d+:/, "") ?? "of an unknown version";
}

/** A run beside this one may have been faster. */
function placeAt(half, folder) {
  try {
    renameSync(half, folder);
  } catch (error) {
    if (!existsSync(join(folder, "versions"))) throw error;
  }
}

/** Those of an earlier edition of this script. */
function removeOthers(name) {
  for (const old of readdirSync(join(root, ".cache"))) {
    if (/^servers-[0-9a-f]+$/.test(old) && old !== name) {
      rmSync(join(root, ".cache", old), { recursive: true, force: true });
    }
  }
}

function hashOfWanted() {
  const hash = createHash("sha256").update(JSON.stringify([EDITION, SERVERS, process.arch]));
  return hash.update(readFileSync("/etc/debian_version")).digest("hex").slice(0, 16);
}

function inFolder(cwd, program, ...programArguments) {
  return spawnSync(program, programArguments, {
    cwd,
    encoding: "utf8",
    timeout: TIME_LIMIT,
    env: { ...process.env, LC_ALL: "C" },
  });
}

function lastLine(text) {
  return text.trim().split("\n").at(-1) || "no reason given";
}

/** For a test file that is run by itself. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    const folder = findServers();
    if (folder !== undefined) process.stdout.write(folder);
  });
}

/**
 * Real servers for the tests of accounts in MongoDB. One that has everything, in this order:
 * FERRY_TEST_MONGODB_URL; mongod, named by MONGOMS_SYSTEM_BINARY or on the PATH. Else two that have it together:
 * FerretDB, built here where `go` is installed (authentication; no change streams), and mongo-java-server, fetched
 * where `mvn` and `javac` are (change streams; no authentication). Else mongodb-memory-server's mongod, where one can
 * be downloaded. What was found is printed and handed to the tests in FERRY_TEST_DATABASE, a line for each:
 * `url …`, `mongod …`, `ferretdb …`, `mongo-java-server …`; test/support/database.ts starts them.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, isOnPath, main, onCi, root, say } from "./project.mjs";

const SERVICES = join(root, "test", "services");
const CACHE = join(root, ".cache");
/** A cold build takes two minutes on two busy cores. */
const BUILD_TIME = 6 * 60_000;
const DOWNLOAD_TIME = 3 * 60_000;

/** Undefined, after saying so, when none can be had; on CI that is a failure, and so is half of the two. */
export async function findDatabases() {
  const whole = firstOf([givenUrl, installedMongod]);
  if (whole.found.length > 0) return used(whole.found);
  const parts = [builtFerretDb(), fetchedJavaServer()];
  const lacking = parts.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  if (lacking.length === 0) return used(parts);
  const downloaded = await downloadedMongod();
  if (downloaded.database !== undefined) return used([downloaded]);
  const reasons = [...whole.reasons, ...lacking, downloaded.reason].join("; ");
  const some = parts.filter(({ database }) => database !== undefined);
  const text = some.length === 0 ? "NO DATABASE" : "HALF OF THE DATABASES";
  if (onCi) throw new Failure(`${text} for the tests of accounts in MongoDB: ${reasons}; CI skips nothing`);
  say(`${"*".repeat(20)} ${text} for the tests of accounts in MongoDB: ${reasons} ${"*".repeat(20)}`);
  return some.length === 0 ? undefined : used(some);
}

function used(parts) {
  for (const { name } of parts) say(`accounts in MongoDB are tested with ${name}`);
  return parts.map(({ database }) => database).join("\n");
}

function firstOf(looks) {
  const reasons = [];
  for (const look of looks) {
    const found = look();
    if (found.database !== undefined) return { found: [found], reasons };
    reasons.push(found.reason);
  }
  return { found: [], reasons };
}

function givenUrl() {
  const url = process.env.FERRY_TEST_MONGODB_URL;
  if (url === undefined || url === "") return { reason: "FERRY_TEST_MONGODB_URL is not set" };
  return { database: `url ${url}`, name: "the server of FERRY_TEST_MONGODB_URL" };
}

function installedMongod() {
  const named = process.env.MONGOMS_SYSTEM_BINARY;
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Failure(`MONGOMS_SYSTEM_BINARY names ${named}, which is not there`);
    return { database: `mongod ${named}`, name: named };
  }
  if (!isOnPath("mongod")) return { reason: "no mongod on the PATH" };
  const folder = process.env.PATH.split(delimiter).find((each) => existsSync(join(each, "mongod")));
  return { database: `mongod ${join(folder, "mongod")}`, name: join(folder, "mongod") };
}

/**
 * Its own command, which can do what the package for embedding cannot: ask for passwords. Built as a dependency it
 * takes the module for its own checkout and misses a file of that; without the note of what was built it does not.
 */
function builtFerretDb() {
  if (!isOnPath("go")) return { reason: "no go to build FerretDB with" };
  const made = (half) =>
    inService("ferretdb", "go", [
      "build",
      "-trimpath",
      "-ldflags",
      "-s -w -X runtime.modinfo=",
      "-o",
      half,
      "github.com/FerretDB/FerretDB/cmd/ferretdb",
    ]);
  return cached("ferretdb", "FerretDB", ["go.mod", "go.sum"], "building FerretDB", made);
}

function fetchedJavaServer() {
  for (const program of ["mvn", "javac"]) {
    if (!isOnPath(program)) return { reason: `no ${program} for mongo-java-server` };
  }
  const made = (half) => {
    mkdirSync(half);
    const copy = ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${half}`];
    const fetched = inService("mongo-java-server", "mvn", copy);
    if (fetched.status !== 0) return fetched;
    return inService("mongo-java-server", "javac", ["-cp", join(half, "*"), "-d", half, "Server.java"]);
  };
  const sources = ["pom.xml", "Server.java"];
  return cached("mongo-java-server", "mongo-java-server", sources, "fetching mongo-java-server", made);
}

/** What was made of the same sources before, or is made now; older ones are removed. */
function cached(service, name, sources, what, make) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const source of sources) hash.update(readFileSync(join(SERVICES, service, source)));
  const path = join(CACHE, `${service}-${hash.digest("hex").slice(0, 16)}`);
  const found = { database: `${service} ${path}`, name: `${name} (${path.slice(root.length + 1)})` };
  if (existsSync(path)) return found;
  mkdirSync(CACHE, { recursive: true });
  say(`${what}, which takes a minute or two, once`);
  const half = `${path}.${process.pid}`;
  const { status, stderr, stdout, error } = make(half);
  if (status !== 0) {
    rmSync(half, { force: true, recursive: true });
    const said = (error?.message ?? `${stdout}\n${stderr}`.trim().split("\n").at(-1)) || status;
    return { reason: `${what} failed: ${said}` };
  }
  const older = new RegExp(`^${service}-[0-9a-f]{16}$`);
  for (const old of readdirSync(CACHE)) {
    if (older.test(old)) rmSync(join(CACHE, old), { recursive: true, force: true });
  }
  renameSync(half, path);
  return found;
}

function inService(service, program, programArguments) {
  return spawnSync(program, programArguments, {
    cwd: join(SERVICES, service),
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: BUILD_TIME,
  });
}

async function downloadedMongod() {
  try {
    const { MongoBinary } = await import("mongodb-memory-server-core");
    const downloadDir = join(CACHE, "mongod");
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error("the download takes too long")), DOWNLOAD_TIME).unref();
    });
    const binary = await Promise.race([MongoBinary.getPath({ downloadDir, version: "7.0.24" }), late]);
    return { database: `mongod ${binary}`, name: `mongodb-memory-server's ${binary}` };
  } catch (error) {
    return { reason: `mongodb-memory-server: ${String(error.message).split("\n", 1)[0]}` };
  }
}

/** For a test file that is run by itself: prints what was found. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const databases = await findDatabases();
    if (databases !== undefined) process.stdout.write(databases);
  });
}

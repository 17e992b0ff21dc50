/**
 * A real server for the tests of accounts in MongoDB. In this order: FERRY_TEST_MONGODB_URL; mongod, named by
 * MONGOMS_SYSTEM_BINARY or on the PATH; FerretDB, built here where `go` is installed; mongodb-memory-server's
 * mongod, where one can be downloaded. What was found is printed and handed to the tests in FERRY_TEST_DATABASE, as
 * `url …`, `mongod …` or `ferretdb …`; test/support/database.ts starts it.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, isOnPath, main, onCi, root, say } from "./project.mjs";

const SOURCES = join(root, "test", "services", "ferretdb");
/** A cold build takes two minutes on two busy cores. */
const BUILD_TIME = 6 * 60_000;
const DOWNLOAD_TIME = 3 * 60_000;

/** Undefined, after saying so, when none can be had; on CI that is a failure. */
export async function findDatabase() {
  const reasons = [];
  for (const look of [givenUrl, installedMongod, builtFerretDb, downloadedMongod]) {
    const found = await look();
    if (found.database !== undefined) {
      say(`accounts in MongoDB are tested with ${found.name}`);
      return found.database;
    }
    reasons.push(found.reason);
  }
  const text = `NO DATABASE for the tests of accounts in MongoDB: ${reasons.join("; ")}`;
  if (onCi) throw new Failure(`${text}; CI skips nothing`);
  say(`${"*".repeat(20)} ${text}; they are skipped ${"*".repeat(20)}`);
  return undefined;
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

function builtFerretDb() {
  if (!isOnPath("go")) return { reason: "no go to build FerretDB with" };
  const binary = join(root, ".cache", `ferretdb-${hashOfSources()}`);
  const found = { database: `ferretdb ${binary}`, name: `FerretDB (${binary.slice(root.length + 1)})` };
  if (existsSync(binary)) return found;
  mkdirSync(join(root, ".cache"), { recursive: true });
  say("building FerretDB, which takes a minute or two, once");
  const half = `${binary}.${process.pid}`;
  const { status, stderr, error } = spawnSync(
    "go",
    ["build", "-trimpath", "-ldflags", "-s -w", "-o", half, "."],
    {
      cwd: SOURCES,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
      timeout: BUILD_TIME,
    },
  );
  if (status !== 0) {
    rmSync(half, { force: true });
    return {
      reason: `FerretDB could not be built: ${(error?.message ?? stderr.trim().split("\n").at(-1)) || status}`,
    };
  }
  for (const old of readdirSync(join(root, ".cache"))) {
    if (/^ferretdb-[0-9a-f]+$/.test(old)) rmSync(join(root, ".cache", old));
  }
  renameSync(half, binary);
  return found;
}

function hashOfSources() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(SOURCES, name)));
  return hash.digest("hex").slice(0, 16);
}

async function downloadedMongod() {
  try {
    const { MongoBinary } = await import("mongodb-memory-server-core");
    const downloadDir = join(root, ".cache", "mongod");
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
    const database = await findDatabase();
    if (database !== undefined) process.stdout.write(database);
  });
}

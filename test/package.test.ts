/** What is published: packed, unpacked elsewhere, and used as an application would, without the registry. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { runProgram } from "./support/program.js";
import { projectFolder } from "./support/project.js";

interface Manifest {
  readonly bin: { readonly ferry: string };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const manifest: Manifest = JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8"));

/** "ferry/server" and so on. */
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => `ferry${subpath.slice(1)}`);

describe("the lock file", () => {
  const lock: LockFile = JSON.parse(readFileSync(join(projectFolder, "package-lock.json"), "utf8"));

  test("holds everything that any system may need, so that npm ci works with any registry", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !placesFor(path, name).some((place) => lock.packages[place] !== undefined))
        .map((name) => `${name}, for ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  test("names no host to download from", () => {
    const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
    assert.deepEqual(resolved, []);
  });
});

/** Where Node.js looks for a package that the one at `path` needs. */
function placesFor(path: string, name: string): readonly string[] {
  const folders = path.split("/node_modules/");
  return [
    ...folders.map((_, i) => `${folders.slice(0, i + 1).join("/node_modules/")}/node_modules/${name}`),
    `node_modules/${name}`,
  ];
}

describe("the package", () => {
  let application = "";
  let packed: Packed = { filename: "", files: [] };
  const installed = () => join(application, "node_modules", "ferry");

  before(async () => {
    application = mkdtempSync(join(tmpdir(), "ferry-application-"));
    packed = await pack(application);
    await unpack(join(application, packed.filename), installed());
    for (const name of [...Object.keys(manifest.dependencies), "@types/node", "undici-types"]) {
      const link = join(application, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(projectFolder, "node_modules", name), link);
    }
    writeFileSync(join(application, "package.json"), '{ "type": "module", "private": true }');
  });

  after(() => rmSync(application, { recursive: true, force: true }));

  test("is what publint asks for", async () => {
    const { messages } = await publint({ pkgDir: installed(), strict: true, pack: false });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest)),
      [],
    );
  });

  test("holds what it needs and no tests, caches or settings", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const needed of [
      "package.json",
      "README.md",
      "LICENSE",
      "dist/server/index.js",
      "dist/server/index.d.ts",
    ]) {
      assert.ok(paths.includes(needed), `${needed} is not in the package`);
    }
    const strays = paths.filter((path) => /\.test\.|tsbuildinfo|^(?:test|bench|build|scripts|\.)/.test(path));
    assert.deepEqual(strays, []);
  });

  test("gives every subpath to an application that has only its dependencies", async () => {
    const script = `
      const counts = {};
      for (const name of ${JSON.stringify(subpaths)}) counts[name] = Object.keys(await import(name)).length;
      console.log(JSON.stringify(counts));`;
    const ended = await runProgram(process.execPath, ["--input-type=module", "-e", script], {
      cwd: application,
    });
    assert.equal(ended.code, 0, ended.report);
    const counts: Record<string, number> = JSON.parse(ended.stdout);
    assert.deepEqual(Object.keys(counts), subpaths);
    assert.deepEqual(
      Object.entries(counts).filter(([, count]) => count === 0),
      [],
      "a subpath exports nothing",
    );
  });

  test("has types that a strict application can compile against", async () => {
    const imports = subpaths.map((name, i) => `export * as subpath${i} from "${name}";\n`);
    writeFileSync(join(application, "application.mts"), imports.join(""));
    const settings = {
      compilerOptions: {
        module: "nodenext",
        target: "es2023",
        lib: ["es2023", "esnext.disposable"],
        types: ["node"],
        strict: true,
        noEmit: true,
      },
      files: ["application.mts"],
    };
    writeFileSync(join(application, "tsconfig.json"), JSON.stringify(settings));
    const compiler = join(projectFolder, "node_modules", "typescript", "bin", "tsc");
    const ended = await runProgram(process.execPath, [compiler, "-p", application]);
    assert.equal(ended.code, 0, ended.report);
  });

  test("has a program that serves a folder and ends when told to", async () => {
    const root = join(application, "files");
    mkdirSync(root);
    const program = join(installed(), manifest.bin.ferry);
    assert.match(readFileSync(program, "utf8"), /^#!\/usr\/bin\/env node\n/);
    const flags = ["--port", "0", "--host", "127.0.0.1", "--user", "bin:bin", "--log", "silent"];
    const child = spawn(process.execPath, [program, "serve", root, ...flags], {
      cwd: application,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    try {
      const [ready]: unknown[] = await Promise.race([
        once(createInterface({ input: child.stdout }), "line"),
        ended.then(([code]) => [`it ended with exit code ${code}`]),
      ]);
      const port = /^ferry: listening on ftp:\/\/127\.0\.0\.1:(\d+)/.exec(String(ready))?.[1];
      assert.ok(port !== undefined, `no ready line, but: ${ready}`);
      assert.match(await greetingOf(Number(port)), /^220[ -]/);
    } finally {
      child.kill("SIGTERM");
    }
    assert.deepEqual(await ended, [0, null]);
  });
});

async function pack(into: string): Promise<Packed> {
  const npm = process.env.npm_execpath?.endsWith(".js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const [program = "npm", ...first] = npm;
  // Without scripts: `prepack` would compile what this test is running from.
  const flags = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", into];
  const ended = await runProgram(program, [...first, ...flags], { cwd: projectFolder });
  assert.equal(ended.code, 0, ended.report);
  const [packed]: Packed[] = JSON.parse(ended.stdout);
  assert.ok(packed !== undefined, ended.report);
  return packed;
}

async function unpack(tarball: string, folder: string): Promise<void> {
  const unpacked = mkdtempSync(join(tmpdir(), "ferry-unpacked-"));
  try {
    const ended = await runProgram("tar", ["-xzf", tarball, "-C", unpacked]);
    assert.equal(ended.code, 0, ended.report);
    cpSync(join(unpacked, "package"), folder, { recursive: true });
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** The first bytes that a server says. */
async function greetingOf(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [chunk]: unknown[] = await once(socket, "data");
    return String(chunk);
  } finally {
    socket.destroy();
  }
}

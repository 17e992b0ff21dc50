/**
 * The layers of the design, kept: imports point down only. Types count as much as values, because a type is
 * where knowledge of another layer begins.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { filesOf, projectFolder } from "./support/project.js";
import { readSource, type SourceText } from "./support/source-text.js";

type Layer = {
  /** Folders, or single files, of src/ whose files it may import besides those of its own folder. */
  readonly below: readonly string[];
  /** All of Node's built-ins, or those that are named. */
  readonly builtins: "all" | readonly string[];
  /** Back ends, the command line and what is published for tests stand on libraries; all else on Node alone. */
  readonly libraries: boolean;
};

const STORAGE_INTERFACE = ["storage/storage.ts", "storage/errors.ts"];
/** What an account store gives storages of accounts with a quota: the decorator, and what it asks. */
const QUOTAS = ["storage/quota.ts", "storage/allowance.ts", "storage/forward.ts"];
const INTERFACES = [...STORAGE_INTERFACE, "accounts/accounts.ts"];

const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { below: [], builtins: ["node:buffer"], libraries: false },
  storage: { below: ["protocol"], builtins: "all", libraries: true },
  accounts: { below: ["protocol", ...STORAGE_INTERFACE, ...QUOTAS], builtins: "all", libraries: true },
  connection: { below: ["protocol", ...INTERFACES], builtins: "all", libraries: false },
  dtp: { below: ["protocol", ...INTERFACES, "connection"], builtins: "all", libraries: false },
  server: { below: ["protocol", ...INTERFACES, "connection", "dtp"], builtins: "all", libraries: false },
  client: { below: ["protocol", ...INTERFACES, "connection", "dtp"], builtins: "all", libraries: false },
  testing: {
    below: ["protocol", "storage", "accounts", "connection", "dtp", "server", "client"],
    builtins: "all",
    libraries: true,
  },
  cli: {
    below: ["protocol", "storage", "accounts", "connection", "dtp", "server", "client"],
    builtins: "all",
    libraries: true,
  },
};

/** Interfaces that stand below their own folder: they see protocol/ and each other, and no library. */
const INTERFACE_LAYER: Layer = { below: ["protocol", ...INTERFACES], builtins: "all", libraries: false };

/** What may be asked of `process` outside cli/: facts that cannot change while it runs, and what leaks. */
const PROCESS_FACTS: Readonly<Record<string, RegExp>> = {
  "storage/local/": /^process\.(?:platform|arch)\b/,
  "testing/leak-check.ts": /^process\.getActiveResourcesInfo\b/,
  "connection/raw-handle.ts": /^process(?:\.execArgv\b|\.env;| as unknown as \{ binding)/,
};

const LONGEST_FILE = 350;

/** Longer files, each with the reason why it is one thing. */
const LONG_FILES: Readonly<Record<string, string>> = {};

interface SourceFile extends SourceText {
  /** From src/. */
  readonly path: string;
  readonly text: string;
}

const files: readonly SourceFile[] = filesOf("src")
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
  .map((path) => {
    const text = readFileSync(join(projectFolder, path), "utf8");
    return { path: path.slice("src/".length), text, ...readSource(text) };
  });

const folderOf = (path: string) => path.split("/")[0] ?? "";

/** The file in src/ that a relative import means. */
const targetOf = (file: string, specifier: string) =>
  posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");

/** What is wrong with an import, or undefined. */
function objectionTo(file: string, specifier: string | undefined): string | undefined {
  const folder = folderOf(file);
  const layer = INTERFACES.includes(file) ? INTERFACE_LAYER : LAYERS[folder];
  if (layer === undefined) return `src/${folder} has no layer: add it to LAYERS`;
  if (specifier === undefined) return "what it loads cannot be read from the source";

  if (specifier.startsWith(".")) {
    const target = targetOf(file, specifier);
    if (target.startsWith("..")) return `${specifier} leads out of src/`;
    if (target.endsWith(".test.ts")) return "a test is imported by nobody";
    if (!specifier.endsWith(".js")) return `${specifier} has no .js ending`;
    if (layer !== INTERFACE_LAYER && folderOf(target) === folder) return undefined;
    const allowed = layer.below.some((below) => below === target || below === folderOf(target));
    return allowed ? undefined : `${folder} may not import ${target}`;
  }
  if (specifier.startsWith("ferry/")) return "a file of the package imports others by their relative path";
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith("node:")) return `${specifier} is to be written node:${specifier}`;
    return layer.builtins === "all" || layer.builtins.includes(specifier)
      ? undefined
      : `${folder} may not import ${specifier}`;
  }
  return layer.libraries ? undefined : `${folder} may not import the library ${specifier}`;
}

describe("the layers", () => {
  test("are read from real files", () => {
    assert.ok(files.length > 10, `only ${files.length} files found below ${projectFolder}`);
    assert.ok(files.flatMap((file) => file.imports).length > files.length, "hardly any import was found");
  });

  test("have imports that point down only", () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier, line }) => {
        const objection = objectionTo(path, specifier);
        return objection === undefined ? [] : [`src/${path}:${line}: ${objection}`];
      }),
    );
    assert.deepEqual(wrong, []);
  });

  const forbidden: readonly (readonly [file: string, specifier: string | undefined])[] = [
    ["protocol/reply.ts", "node:fs"],
    ["protocol/reply.ts", "../connection/data-connection.js"],
    ["storage/storage.ts", "./memory.js"],
    ["storage/storage.ts", "zod"],
    ["storage/memory.ts", "../accounts/accounts.js"],
    ["accounts/file.ts", "../storage/local/index.js"],
    ["connection/passive.ts", "../dtp/outcome.js"],
    ["dtp/transfer.ts", "../server/session.js"],
    ["server/server.ts", "../client/client.js"],
    ["server/server.ts", "../storage/memory.js"],
    ["server/server.ts", "../accounts/memory.js"],
    ["server/server.ts", "../cli/main.js"],
    ["server/server.ts", "../testing/index.js"],
    ["server/server.ts", "pino"],
    ["server/server.ts", "ferry/protocol"],
    ["server/server.ts", "fs"],
    ["server/server.ts", "./session"],
    ["server/server.ts", "./session.test.js"],
    ["server/server.ts", "../../test/support/server.js"],
    ["server/server.ts", undefined],
    ["client/client.ts", "../server/server.js"],
    ["testing/raw-client.ts", "../cli/main.js"],
    ["cli/main.ts", "../testing/index.js"],
    ["elsewhere/file.ts", "../protocol/reply.js"],
  ];
  for (const [file, specifier] of forbidden) {
    test(`would refuse ${specifier ?? "a computed name"} in ${file}`, () => {
      assert.notEqual(objectionTo(file, specifier), undefined);
    });
  }

  const permitted: readonly (readonly [file: string, specifier: string])[] = [
    ["protocol/host-port.ts", "node:buffer"],
    ["protocol/listing/unix.ts", "../pathname.js"],
    ["storage/storage.ts", "../protocol/pathname.js"],
    ["accounts/accounts.ts", "../storage/storage.js"],
    ["accounts/file.ts", "zod"],
    ["dtp/mode/stream.ts", "../../connection/data-connection.js"],
    ["server/commands/login.ts", "../../accounts/accounts.js"],
    ["testing/storage-conformance.ts", "../server/index.js"],
    ["cli/main.ts", "../storage/local/index.js"],
  ];
  for (const [file, specifier] of permitted) {
    test(`permit ${specifier} in ${file}`, () => assert.equal(objectionTo(file, specifier), undefined));
  }

  test("have no cycle of files", () => {
    const edges = new Map(
      files.map(({ path, imports }) => [
        path,
        imports.flatMap(({ specifier }) => (specifier?.startsWith(".") ? [targetOf(path, specifier)] : [])),
      ]),
    );
    assert.deepEqual(cyclesOf(edges), []);
  });
});

describe("the world outside", () => {
  test("is touched by cli/ alone: process and console", () => {
    const wrong = files
      .filter(({ path }) => folderOf(path) !== "cli")
      .flatMap(({ path, code, text, lineAt }) => {
        const facts = Object.entries(PROCESS_FACTS).find(([folder]) => path.startsWith(folder))?.[1];
        return [...code.matchAll(/(?<![\w$]|(?<!globalThis)\.)(?:process|console)\b(?!\s*\??:)/g)]
          .filter(({ index }) => facts?.test(text.slice(index)) !== true)
          .map(({ index }) => `src/${path}:${lineAt(index)}: ${text.slice(index).split("\n", 1)[0]}`);
      });
    assert.deepEqual(wrong, []);
  });

  test("is not reached by importing process or console as a module", () => {
    const wrong = files
      .filter(({ path }) => folderOf(path) !== "cli")
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) => /^node:(?:process|console|repl|tty)$/.test(specifier ?? ""))
          .map(({ specifier, line }) => `src/${path}:${line}: ${specifier}`),
      );
    assert.deepEqual(wrong, []);
  });
});

describe("files", () => {
  test("say one thing: none is longer than 350 lines without a reason", () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
      .filter(({ path, lines }) => lines > LONGEST_FILE && LONG_FILES[path] === undefined)
      .map(({ path, lines }) => `src/${path}: ${lines} lines`);
    assert.deepEqual(long, []);
    const unknown = Object.keys(LONG_FILES).filter((path) => !files.some((file) => file.path === path));
    assert.deepEqual(unknown, [], "LONG_FILES names files that are gone");
  });

  test("have names that say what they are", () => {
    const vague =
      /(?:^|[-_./])(?:utils?|helpers?|managers?|handlers?|misc|common)(?=[-_./]|$)|[a-z](?:Util|Helper|Manager|Handler)s?\b/;
    const wrong = ["src", "test", "bench", "examples", "scripts"]
      .flatMap(filesOf)
      .filter((path) => vague.test(path));
    assert.deepEqual(wrong, []);
  });
});

/** Every cycle once, as "a → b → a". */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]) => {
    const seen = trail.indexOf(file);
    if (seen >= 0) cycles.push([...trail.slice(seen), file].join(" → "));
    if (seen >= 0 || finished.has(file)) return;
    for (const target of edges.get(file) ?? []) visit(target, [...trail, file]);
    finished.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return cycles;
}

/** Code in the documentation: whoever pastes a block from the top has a program that compiles, and the client's run. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { testCertificates } from "./support/certificates.js";
import { LocalFolder, someBytes } from "./support/files.js";
import { runProgram } from "./support/program.js";
import { projectFolder } from "./support/project.js";
import { TestServer } from "./support/server.js";

interface Block {
  /** Such as `client-1`, of docs/client.md. */
  readonly name: string;
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

/** In the project, so that `ferry/…` leads to what was built. */
const folder = join(projectFolder, "build", "documentation");
/** How a block says that it is none to run. */
const FRAGMENT = /^\/\/ …/;

const blocks = ["README.md", ...readdirSync(join(projectFolder, "docs")).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith(".md"))
  .flatMap(blocksOf);
const programs = blocks.filter(({ code }) => !FRAGMENT.test(code));

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(projectFolder, page), "utf8");
  const stem = page.replace(/^docs\/|\.md$/g, "").toLowerCase();
  return [...text.matchAll(/^```(?:ts|typescript|js|javascript)\n(.*?)^```$/gms)].map((found, n) => ({
    name: `${stem}-${n + 1}`,
    page,
    line: text.slice(0, found.index).split("\n").length,
    code: found[1] as string,
  }));
}

before(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of programs) writeFileSync(join(folder, `${name}.ts`), code);
  const compilerOptions = { composite: false, incremental: false, declaration: false, declarationMap: false };
  const settings = {
    extends: "../../src/tsconfig.json",
    compilerOptions: {
      ...compilerOptions,
      sourceMap: false,
      rootDir: ".",
      outDir: ".",
      noUnusedLocals: false,
    },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const compiler = join(projectFolder, "node_modules", "typescript", "bin", "tsc");
  const ended = await runProgram(process.execPath, [compiler, "-p", folder]);
  assert.equal(ended.code, 0, ended.report);
});

describe("code in the documentation", () => {
  test("is there, in the README too", () => {
    assert.ok(programs.length >= 10, `${programs.length} blocks`);
    assert.ok(programs.some(({ page }) => page === "README.md"));
  });

  for (const { page, line, code } of programs) {
    test(`${page}:${line} imports what it uses, or says that it is a fragment`, () => {
      assert.match(code, /^import /, `begin it with the imports, or with "// …" when it is part of a file`);
    });
  }

  test("of the client runs from the top, against a server", async () => {
    const ofClient = programs.filter(({ code }) => /from "ferry\/client"/.test(code));
    assert.ok(ofClient.length >= 6);
    const { authority } = await testCertificates();
    await using server = await TestServer.start({ tls: {}, account: { password: "secret" } });
    for (const path of ["/docs", "/www", "/images"]) await server.files.makeDirectory(path);
    const [film, disk] = [someBytes(300_000), someBytes(3_000_000)];
    await server.files.put("/film.mkv", film);
    await server.files.put("/docs/report.pdf", someBytes(70_000));
    await server.files.put("/images/disk.img", disk);
    await server.files.put("/www/old.html", "old");
    using here = new LocalFolder();
    here.put("report.pdf", "a report");
    mkdirSync(here.at("dist"));
    here.put("dist/index.html", "<p>");
    here.put("dist/app.js.map", "{}");
    here.put("authority.pem", authority.certificate);
    const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: here.at("authority.pem") };
    for (const { name, page, line } of ofClient) {
      const compiled = join(folder, `${name}.js`);
      const there = readFileSync(compiled, "utf8").replace(
        /host: "(?:ftp\.example\.org|127\.0\.0\.1)"(?:, port: 2121)?/g,
        `host: "localhost", port: ${server.port}`,
      );
      assert.ok(there.includes("localhost"), `${page}:${line} connects nowhere`);
      writeFileSync(compiled, there);
      const ended = await runProgram(process.execPath, [compiled], { cwd: here.path, env });
      assert.deepEqual([ended.code, ended.stderr], [0, ""], `${page}:${line}\n${ended.report}`);
    }
    assert.deepEqual(here.get("film.mkv"), film);
    assert.deepEqual(here.get("disk.img"), disk);
    assert.deepEqual(await server.files.names("/www"), ["index.html"]);
    assert.ok((await server.files.names("/")).includes("hello.txt"));
  });
});

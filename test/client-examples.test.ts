/** The client's examples and its page of errors, as they are published. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryAccounts } from "ferry/accounts";
import * as client from "ferry/client";
import { FtpServer } from "ferry/server";
import { LocalFolder, STORAGES, someBytes } from "./support/files.js";
import { runProgram } from "./support/program.js";
import { projectFolder } from "./support/project.js";

async function serving(work: (port: string, files: ReturnType<typeof STORAGES.local>) => Promise<void>) {
  const files = STORAGES.local();
  const accounts = new MemoryAccounts([
    { name: "anna", password: "secret", storage: ({ name }) => files.open(name) },
  ]);
  const server = new FtpServer({ accounts, timeouts: { failedLogin: 0 } });
  try {
    const [where] = await server.listen({ hosts: ["127.0.0.1"], port: 0 });
    await work(String(where?.port), files);
  } finally {
    await server.close();
    files.destroy();
  }
}

const run = (name: string, ...args: string[]) =>
  runProgram(process.execPath, [join(projectFolder, "build", "examples", `${name}.js`), ...args]);

describe("examples", () => {
  test("download-with-progress", async () => {
    using folder = new LocalFolder();
    await serving(async (port, files) => {
      const bytes = someBytes(2_000_000);
      await files.put("/film", bytes);
      const ended = await run("download-with-progress", "127.0.0.1", port, "film", folder.at("film"));
      assert.equal(ended.code, 0, ended.report);
      assert.deepEqual(folder.get("film"), bytes);
      assert.match(ended.stdout, /^2000000 of 2000000 bytes, \d+ kB\/s$/m);
    });
  });

  test("react-to-errors", async () => {
    let closed = "";
    await serving(async (port, files) => {
      closed = port;
      await files.put("/f", "12345");
      const said = async (...args: string[]) =>
        (await run("react-to-errors", "127.0.0.1", port, ...args)).stdout.trim();
      assert.equal(await said("secret", "f"), "f has 5 bytes");
      assert.equal(await said("wrong", "f"), "wrong name or password");
      assert.equal(await said("secret", "g"), "there is no g");
    });
    const { stdout } = await run("react-to-errors", "127.0.0.1", closed);
    assert.match(stdout, /^no connection: Nothing listens there/);
  });
});

test("docs/errors.md lists every class with its code", () => {
  const page = readFileSync(join(projectFolder, "docs", "errors.md"), "utf8");
  const classes = Object.entries(client).filter(
    ([, value]) => typeof value === "function" && value.prototype instanceof client.FtpError,
  );
  assert.ok(classes.length > 10);
  const folder = join(projectFolder, "src", "client");
  const source = readdirSync(folder)
    .filter((name) => /errors?\.ts$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  for (const [name] of classes) {
    const code = new RegExp(`class ${name} [^]*?code = "([A-Z_]+)"`).exec(source)?.[1];
    const line = page.split("\n").find((text) => text.startsWith(`| \`${name}\``));
    assert.ok(line?.includes(`\`${code}\``), `${name} with ${code} is not in docs/errors.md`);
  }
});

/** The client's examples and its page of errors, as they are published. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
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

const run = (name: string, ...args: string[]) => runWith({}, name, ...args);

const runWith = (env: NodeJS.ProcessEnv, name: string, ...args: string[]) =>
  runProgram(process.execPath, [join(projectFolder, "build", "examples", `${name}.js`), ...args], {
    env: { PATH: process.env.PATH, ...env },
  });

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

  test("upload-build-folder", async () => {
    using folder = new LocalFolder();
    folder.put("index.html", "<p>new");
    folder.put("app.js", "1");
    folder.put("app.js.map", "2");
    await serving(async (port, files) => {
      await files.makeDirectory("/www");
      await files.put("/www/old.html", "<p>old");
      const ci = { FTP_HOST: "127.0.0.1", FTP_PORT: port, FTP_USER: "anna", FTP_PASSWORD: "secret" };
      const publish = (env: NodeJS.ProcessEnv) => runWith(env, "upload-build-folder", folder.path, "/www");
      const ended = await publish({ ...ci, FTP_TLS: "off" });
      assert.equal(ended.code, 0, ended.report);
      assert.match(ended.stdout, /^remove old\.html$/m);
      assert.match(ended.stdout, /^3 actions, 7 bytes, 0 failed$/m);
      assert.deepEqual(await files.names("/www"), ["app.js", "index.html"]);
      const clear = await publish(ci);
      assert.equal(clear.code, 1, clear.report);
      assert.match(clear.stderr, /TLS/);
      const wrong = await publish({ ...ci, FTP_TLS: "off", FTP_PASSWORD: "guess" });
      assert.deepEqual([wrong.code, wrong.stdout], [1, ""], wrong.report);
      const nothing = await publish({});
      assert.deepEqual([nothing.code, nothing.stderr], [2, "set FTP_HOST, FTP_USER and FTP_PASSWORD\n"]);
    });
  });

  test("mirror-nightly", async () => {
    using folder = new LocalFolder();
    await serving(async (port, files) => {
      await files.makeDirectory("/data");
      await files.put("/data/a", someBytes(50_000));
      await files.put("/data/b", "12345");
      const url = `ftp://anna@127.0.0.1:${port}/data`;
      const night = (FTP_PASSWORD: string) =>
        runWith({ FTP_PASSWORD, ATTEMPTS: "2", PAUSE: "1" }, "mirror-nightly", url, folder.at("data"));
      const ended = await night("secret");
      assert.equal(ended.code, 0, ended.report);
      const { ok, files: moved, bytes, failed } = JSON.parse(ended.stdout);
      assert.deepEqual({ ok, moved, bytes, failed }, { ok: true, moved: 2, bytes: 50_005, failed: 0 });
      assert.equal(String(folder.get("data/b")), "12345");
      assert.ok(!folder.has("data.journal"));
      // What cannot be written as a file is in the way, for each try of the night.
      await files.put("/data/c", "new");
      mkdirSync(folder.at("data/c.part"));
      const broken = await night("secret");
      assert.equal(broken.code, 1, broken.report);
      assert.match(JSON.parse(broken.stdout).errors[0], /^c: /);
      const refused = await night("wrong");
      assert.equal(refused.code, 1, refused.report);
      assert.equal(JSON.parse(refused.stdout).code, "ERR_FERRY_FTP_LOGIN");
    });
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

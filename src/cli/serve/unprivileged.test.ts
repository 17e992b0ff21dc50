/** For which root has to become somebody else for good: access(2) asks for the real user. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CliError } from "../errors.js";
import type { ServeOptions } from "./options.js";
import { settingsOf } from "./settings.js";

const NOBODY = 65_534;

if (process.geteuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

describe("a root that the server may not enter", () => {
  test("is refused at the start, but not when no account is in it", async (t) => {
    const workingDirectory = await mkdtemp(join(tmpdir(), "ferry-root-"));
    t.after(() => rm(workingDirectory, { recursive: true, force: true }));
    const settings = (flags: ServeOptions) =>
      settingsOf({
        root: workingDirectory,
        flags,
        workingDirectory,
        stateDirectory: workingDirectory,
        onTerminal: false,
      });
    await chmod(workingDirectory, 0o600);
    for (const flags of [{}, { anonymous: true }, { user: [{ name: "ann", password: "x" }] }]) {
      await assert.rejects(settings(flags), (error: unknown) => {
        assert(error instanceof CliError);
        assert.equal(error.exitCode, 1);
        assert.equal(error.message, `cannot serve ${workingDirectory}: permission denied`);
        return true;
      });
    }
    assert.equal((await settings({ accounts: "/a.json" })).root, workingDirectory);
    // A drop box: files go in, and cannot be listed.
    await chmod(workingDirectory, 0o300);
    assert.equal((await settings({})).root, workingDirectory);
  });
});

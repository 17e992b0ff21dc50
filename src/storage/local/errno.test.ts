import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { test } from "node:test";
import { STORAGE_REASONS, StorageError } from "../errors.js";
import { codeOf, reasonFor, storageError } from "./errno.js";

test("every row of the table is a code of the system, and gives a reason", () => {
  const table = readFileSync(new URL("../../../src/storage/local/errno.ts", import.meta.url), "utf8");
  const rows = [...table.matchAll(/^ {2}\["(\w+)", "([\w-]+)"\]/gm)];
  assert.ok(rows.length > 30);
  for (const [, code = "", reason = ""] of rows) {
    assert.ok(code === "ABORT_ERR" || code in constants.errno, code);
    assert.ok((STORAGE_REASONS as readonly string[]).includes(reason), reason);
    assert.equal(reasonFor(code), reason);
  }
});

test("what is not in the table is failed, with its cause", () => {
  const cause = Object.assign(new Error("broken disk"), { code: "EIO" });
  const error = storageError(cause, "/file\n");
  assert.equal(error.reason, "failed");
  assert.equal(error.cause, cause);
  assert.equal(error.message, "EIO at /file\\x0a");
  assert.equal(storageError("odd", "/x").reason, "failed");
  assert.equal(codeOf(new Error("no code")), undefined);
});

test("a storage error stays what it is", () => {
  const error = new StorageError("busy");
  assert.equal(storageError(error, "/x"), error);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccountsDatabaseError } from "./database-error.js";
import { describe as describeError } from "./errors.js";
import { parseDatabaseUrl } from "./url.js";

describe("the URL of a database", () => {
  test("is shown without user, password and options", () => {
    const parsed = parseDatabaseUrl(
      "mongodb+srv://ann:p%40ss@db.example.com/people?authSource=admin&tls=true",
    );
    assert.equal(parsed.shown, "mongodb+srv://db.example.com/people");
    assert.equal(parsed.database, "people");
    assert.deepEqual(parsed.secrets, ["p%40ss", "p@ss"]);
    const options = parseDatabaseUrl("mongodb://h1:1,h2:2/?tlsCertificateKeyFilePassword=hush");
    assert.equal(options.shown, "mongodb://h1:1,h2:2/ferry");
    assert.deepEqual(options.secrets, ["hush"]);
  });

  test("that is none is refused without being repeated", () => {
    const wrong = [
      "mongodb://",
      "mongodb://ann:secret@",
      "http://ann:secret@h/",
      "mongodb://ann:secret@h/a b",
      "x",
    ];
    for (const url of wrong) {
      assert.throws(
        () => parseDatabaseUrl(url),
        (error) =>
          error instanceof AccountsDatabaseError && error.problem === "url" && !/secret/.test(error.message),
        url,
      );
    }
  });

  test("leaves no password in what an error says", () => {
    const error = new Error("cannot log in as ann with p@ss at h\n    at stack");
    const said = describeError(
      error,
      "looking",
      parseDatabaseUrl("mongodb://ann:p%40ss@h/d").secrets,
    ).message;
    assert.equal(said, "looking: cannot log in as ann with **** at h");
  });
});

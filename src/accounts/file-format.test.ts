import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PERMISSIONS } from "./accounts.js";
import {
  type AccountRecord,
  AccountsFileError,
  formatAccountsFile,
  parseAccountsFile,
} from "./file-format.js";
import { isAccountName } from "./name.js";

const HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(22)}$${"B".repeat(43)}`;

function file(account: object, rest: object = {}): string {
  return JSON.stringify({
    version: 1,
    accounts: [{ name: "ann", password: HASH, home: "/srv/ann", ...account }],
    ...rest,
  });
}

function messageFor(text: string): string {
  try {
    parseAccountsFile(text);
  } catch (error) {
    assert(error instanceof AccountsFileError);
    return error.message;
  }
  throw new Error(`was taken: ${text}`);
}

describe("the accounts file", () => {
  test("needs a name, a password hash and a home; all else has a default", () => {
    const ann = parseAccountsFile(file({})).get("ann");
    assert.deepEqual(ann, {
      name: "ann",
      password: HASH,
      home: "/srv/ann",
      permissions: "all",
      limits: {},
      disabled: false,
      created: "1970-01-01T00:00:00.000Z",
      changed: "1970-01-01T00:00:00.000Z",
    });
  });

  test("says what is wrong and where", () => {
    const cases: [string, RegExp][] = [
      [file({ hom: "/x" }), /^accounts\[0\]: unknown key "hom"$/],
      [file({}, { admins: [] }), /^unknown key "admins"$/],
      [file({}, { version: 2 }), /^version: expected 1/],
      [file({ name: "a/b" }), /^accounts\[0\]\.name: expected 1 to 128 characters/],
      [file({ home: "srv" }), /^accounts\[0\]\.home: expected the absolute path of a folder$/],
      [file({ password: "sesame" }), /^accounts\[0\]\.password: not a password hash of a known kind/],
      [
        file({ password: HASH.replace("19456", "4000000000") }),
        /^accounts\[0\]\.password: argon2 parameters/,
      ],
      [
        file({ permissions: "everything" }),
        /^accounts\[0\]\.permissions: expected "all", "read-only" or a list/,
      ],
      [file({ permissions: 7 }), /^accounts\[0\]\.permissions: expected "all"/],
      [
        file({ permissions: ["list", "lst"] }),
        /^accounts\[0\]\.permissions\[1\]: expected one of list, download/,
      ],
      [
        file({ permissions: { "/in": ["put"] } }),
        /^accounts\[0\]\.permissions\["\/in"\]\[0\]: expected one of list/,
      ],
      [file({ permissions: { in: "all" } }), /^accounts\[0\]\.permissions\.in: .*absolute pathname/],
      [
        file({ limits: { sessions: "4" } }),
        /^accounts\[0\]\.limits\.sessions: expected number, received string$/,
      ],
      [file({ limits: { sessions: 0 } }), /^accounts\[0\]\.limits\.sessions: /],
      [file({ limits: { rate: 1 } }), /^accounts\[0\]\.limits: unknown key "rate"$/],
      [file({ disabled: "yes" }), /^accounts\[0\]\.disabled: expected boolean/],
      [file({ created: "yesterday" }), /^accounts\[0\]\.created: expected a time/],
      ['{"version":1}', /^accounts: expected array/],
      ["[]", /^expected object, received array$/],
      ["", /^it is empty$/],
      ['{"version":1,\n "accounts": [}', /^it is not valid JSON/],
      ['{"version":1,\n "accounts": [\n', /^it is not valid JSON: it ends too early, in line 3$/],
      [
        file({ certificateUse: "with-password" }),
        /^accounts\[0\]\.certificateUse: there are no certificates/,
      ],
      ['{"version":1,\n "accounts": [] x', /^it is not valid JSON: line 2, column 17$/],
      ['{"version":1,"accounts":[],"__proto__":{}}', /^unknown key "__proto__"$/],
      [file({ permissions: JSON.parse('{"/":"all"}') }).replace('"/"', '"__proto__"'), /__proto__/],
    ];
    for (const [text, expected] of cases) assert.match(messageFor(text), expected, text);
  });

  test("does not take one name twice", () => {
    const twice = JSON.stringify({
      version: 1,
      accounts: [1, 2].map(() => ({ name: "ann", password: HASH, home: "/srv" })),
    });
    assert.equal(messageFor(twice), 'accounts[1].name: "ann" is there twice');
  });

  test("never shows a hash in its messages", () => {
    const whole = file({ comment: "x" });
    for (let cut = 0; cut < whole.length; cut += 3) {
      assert.doesNotMatch(messageFor(whole.slice(0, cut)), /AAAA|BBBB/);
      assert.doesNotMatch(messageFor(`${whole.slice(0, cut)}\u0001${whole.slice(cut)}`), /AAAA|BBBB/);
    }
  });

  test("holds names like __proto__ as any other", () => {
    const accounts = parseAccountsFile(file({ name: "__proto__" }));
    assert.deepEqual([...accounts.keys()], ["__proto__"]);
  });

  test("comes back as it was written, sorted by name", () => {
    const names = fc.oneof(
      fc.constantFrom("all" as const, "read-only" as const),
      fc.subarray([...PERMISSIONS]),
    );
    const time = fc
      .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const count = fc.integer({ min: 1, max: 2 ** 40 });
    const record: fc.Arbitrary<AccountRecord> = fc.record(
      {
        name: fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter(isAccountName),
        password: fc.constant(HASH),
        home: fc.constantFrom("/", "/srv/ann", "/tmp/with space/é"),
        permissions: fc.oneof(names, fc.dictionary(fc.constantFrom("/", "/a", "/a/b"), names)),
        limits: fc.record({ sessions: count, uploadRate: count, idleTimeout: count }, { requiredKeys: [] }),
        disabled: fc.boolean(),
        comment: fc.string({ maxLength: 50 }),
        created: time,
        changed: time,
      },
      {
        requiredKeys: ["name", "password", "home", "permissions", "limits", "disabled", "created", "changed"],
      },
    );
    fc.assert(
      fc.property(fc.uniqueArray(record, { selector: ({ name }) => name, maxLength: 5 }), (records) => {
        const parsed = parseAccountsFile(formatAccountsFile(records));
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        const sorted = [...records].sort((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(plain([...parsed.values()]), plain(sorted));
      }),
      { numRuns: 200 },
    );
  });
});

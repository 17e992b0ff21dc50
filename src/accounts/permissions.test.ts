import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isWithin, PathnameError, pathname } from "../protocol/pathname.js";
import { PERMISSIONS, type Permissions } from "./accounts.js";
import { bothPermissions, type PermissionNames, permissionsOf } from "./permissions.js";

function allowed(permissions: Permissions, path: string): string[] {
  return PERMISSIONS.filter((permission) => permissions.allows(permission, pathname(path)));
}

describe("permissions", () => {
  test("by one name or a list are the same everywhere", () => {
    for (const [names, expected] of [
      ["all", [...PERMISSIONS]],
      ["read-only", ["list", "download"]],
      [["upload"], ["upload"]],
      [[], []],
    ] as const) {
      const permissions = permissionsOf(names);
      assert.equal(permissions.uniform, true);
      for (const path of ["/", "/a", "/a/b"]) assert.deepEqual(allowed(permissions, path), expected);
    }
  });

  test("by directory: the longest prefix wins, by whole components", () => {
    const permissions = permissionsOf({
      "/": "read-only",
      "/incoming": ["list", "upload"],
      "/incoming/private": [],
    });
    assert.equal(permissions.uniform, false);
    assert.deepEqual(allowed(permissions, "/"), ["list", "download"]);
    assert.deepEqual(allowed(permissions, "/incoming"), ["list", "upload"]);
    assert.deepEqual(allowed(permissions, "/incoming/a/b"), ["list", "upload"]);
    assert.deepEqual(allowed(permissions, "/incoming2"), ["list", "download"]);
    assert.deepEqual(allowed(permissions, "/incoming/private/x"), []);
    assert.deepEqual(allowed(permissions, "/incoming/privateer"), ["list", "upload"]);
  });

  test("by directory allow nothing where no rule is", () => {
    const permissions = permissionsOf({ "/a": "all" });
    assert.equal(permissions.uniform, false);
    assert.deepEqual(allowed(permissions, "/"), []);
    assert.deepEqual(allowed(permissions, "/b"), []);
    assert.deepEqual(allowed(permissions, "/a/b"), [...PERMISSIONS]);
    assert.deepEqual(allowed(permissionsOf({}), "/"), []);
  });

  test("are uniform when every rule says the same", () => {
    assert.equal(permissionsOf({ "/": "read-only" }).uniform, true);
    assert.equal(permissionsOf({ "/": "read-only", "/a": ["download", "list"] }).uniform, true);
    assert.equal(permissionsOf({}).uniform, true);
    assert.equal(permissionsOf({ "/a": [] }).uniform, true);
  });

  test("take directories in any spelling and refuse relative ones", () => {
    assert.deepEqual(allowed(permissionsOf({ "/a/./b/": ["list"] }), "/a/b/c"), ["list"]);
    assert.throws(() => permissionsOf({ incoming: "all" }), PathnameError);
    assert.throws(() => permissionsOf({ __proto__x: "all" }), PathnameError);
  });

  test("refuse names that are none", () => {
    assert.throws(() => permissionsOf(["lst"] as unknown as PermissionNames), /not a permission: "lst"/);
    assert.throws(() => permissionsOf("everything" as PermissionNames), TypeError);
  });

  test("of two sets are what both allow", () => {
    const both = bothPermissions(
      permissionsOf({ "/": "all", "/a": ["upload", "list"] }),
      permissionsOf("read-only"),
    );
    assert.equal(both.uniform, false);
    assert.deepEqual(allowed(both, "/a/x"), ["list"]);
    assert.deepEqual(allowed(both, "/b"), ["list", "download"]);
  });

  test("are uniform below a directory when no rule there says anything else", () => {
    const permissions = permissionsOf({ "/": "read-only", "/a/b": "all", "/c": ["download", "list"] });
    const below = (path: string): boolean | undefined => permissions.uniformBelow?.(pathname(path));
    assert.deepEqual(["/", "/a", "/a/b", "/a/b/x", "/a/bc", "/c", "/d"].map(below), [
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    assert.equal(permissionsOf({ "/a": "all" }).uniformBelow?.(pathname("/")), false);
    const both = bothPermissions(permissionsOf("all"), permissions);
    assert.equal(both.uniformBelow?.(pathname("/a")), false);
    assert.equal(both.uniformBelow?.(pathname("/a/b")), true);
  });

  test("follow the same rule as a search over all prefixes", () => {
    const component = fc.constantFrom("a", "b", "ab");
    const path = fc.array(component, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const names = fc.subarray([...PERMISSIONS]);
    fc.assert(
      fc.property(fc.array(fc.tuple(path, names)), path, (rules, asked) => {
        const table = Object.fromEntries(rules);
        const best = Object.keys(table)
          .filter((directory) => isWithin(pathname(directory), pathname(asked)))
          .reduce<string | undefined>((a, b) => (a === undefined || b.length > a.length ? b : a), undefined);
        const expected = best === undefined ? [] : (table[best] ?? []);
        const got = allowed(permissionsOf(table), asked);
        assert.deepEqual(
          got,
          PERMISSIONS.filter((permission) => expected.includes(permission)),
        );
      }),
      { numRuns: 300 },
    );
  });
});

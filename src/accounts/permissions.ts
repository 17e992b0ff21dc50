/** Permissions from names, as accounts files and applications write them. */
import { isWithin, type Pathname, pathname, ROOT } from "../protocol/pathname.js";
import { PERMISSIONS, type Permission, type Permissions } from "./accounts.js";

/** "read-only" is list and download. An empty list allows nothing. */
export type PermissionNames = "all" | "read-only" | readonly Permission[];

/**
 * For every pathname, or by directory: the longest prefix wins, by whole components, and what lies under no
 * prefix is not allowed. `{ "/": "read-only", "/incoming": ["list", "upload"] }`
 */
export type PermissionRules = PermissionNames | { readonly [directory: string]: PermissionNames };

const NONE: ReadonlySet<Permission> = new Set();
const READ_ONLY: readonly Permission[] = ["list", "download"];

/** @throws PathnameError when a directory is not absolute; TypeError for a name that is no permission. */
export function permissionsOf(rules: PermissionRules): Permissions {
  if (typeof rules === "string" || isList(rules)) {
    const allowed = permissionSet(rules);
    return { uniform: true, allows: (permission) => allowed.has(permission), uniformBelow: () => true };
  }
  const byDirectory = Object.entries(rules)
    .map(([directory, names]) => ({ directory: pathname(directory), allowed: permissionSet(names) }))
    .sort((a, b) => b.directory.length - a.directory.length);
  const allowedAt = (path: Pathname) =>
    byDirectory.find(({ directory }) => isWithin(directory, path))?.allowed ?? NONE;
  return {
    uniform: isUniform(byDirectory),
    allows: (permission, path) => allowedAt(path).has(permission),
    uniformBelow(path) {
      const below = byDirectory.filter(({ directory }) => isWithin(path, directory));
      return below.every(({ allowed }) => areSame(allowed, allowedAt(path)));
    },
  };
}

/** What both allow. */
export function bothPermissions(one: Permissions, other: Permissions): Permissions {
  return {
    uniform: one.uniform && other.uniform,
    allows: (permission, path) => one.allows(permission, path) && other.allows(permission, path),
    uniformBelow: (path) => [one, other].every((each) => each.uniform || each.uniformBelow?.(path) === true),
  };
}

interface Rule {
  readonly directory: Pathname;
  readonly allowed: ReadonlySet<Permission>;
}

/** The same everywhere: every rule allows the same, and so does what lies under none. */
function isUniform(rules: readonly Rule[]): boolean {
  const root = rules.find(({ directory }) => directory === ROOT)?.allowed ?? NONE;
  return rules.every(({ allowed }) => areSame(allowed, root));
}

function areSame(one: ReadonlySet<Permission>, other: ReadonlySet<Permission>): boolean {
  return PERMISSIONS.every((name) => one.has(name) === other.has(name));
}

function permissionSet(names: PermissionNames): ReadonlySet<Permission> {
  if (names === "all") return new Set(PERMISSIONS);
  if (names === "read-only") return new Set(READ_ONLY);
  if (typeof names === "string") throw new TypeError(`no permission names: ${JSON.stringify(names)}`);
  for (const name of names) {
    if (!PERMISSIONS.includes(name)) throw new TypeError(`not a permission: ${JSON.stringify(name)}`);
  }
  return new Set(names);
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isList(rules: PermissionRules): rules is readonly Permission[] {
  return Array.isArray(rules);
}

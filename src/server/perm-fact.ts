/** The perm fact of MLSx (RFC 3659 7.5.5): what the account may do with an entry. */
import type { Permission } from "../accounts/accounts.js";
import { permLetters } from "../protocol/facts.js";
import { childOf, type Pathname } from "../protocol/pathname.js";
import type { Entry } from "../storage/storage.js";
import type { LoggedInSession } from "./command.js";

/** For the entries of a directory. With the same permissions everywhere each type is worked out once. */
export function permFact({ account }: LoggedInSession, directory: Pathname): (entry: Entry) => string {
  const { permissions } = account;
  if (!permissions.uniform) {
    return ({ name, type }) => {
      const path = isName(name) ? childOf(directory, name) : directory;
      return lettersFor(type, (permission) => permissions.allows(permission, path));
    };
  }
  const known = new Map<Entry["type"], string>();
  return ({ type }) => {
    let letters = known.get(type);
    if (letters === undefined) {
      letters = lettersFor(type, (permission) => permissions.allows(permission, directory));
      known.set(type, letters);
    }
    return letters;
  };
}

function lettersFor(type: Entry["type"], allows: (permission: Permission) => boolean): string {
  return permLetters(
    {
      append: allows("append"),
      create: allows("upload"),
      delete: allows(type === "directory" ? "remove-directory" : "delete"),
      enter: true,
      rename: allows("rename"),
      list: allows("list"),
      makeDirectory: allows("make-directory"),
      purge: allows("delete"),
      retrieve: allows("download"),
      store: allows("overwrite"),
    },
    type,
  );
}

/** Names from a disk may hold what no pathname can, such as a line feed. */
function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0\r\n]/.test(name);
}

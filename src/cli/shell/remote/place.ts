/** Pathnames of the server, seen from where the shell is. */

/** Where a session is, and `~`. */
export interface Place {
  readonly directory: string;
  readonly home: string;
}

/** Systems such as MVS and VMS name directories otherwise; their names are for the server alone to join. */
export function hasSlashes(directory: string): boolean {
  return directory.startsWith("/");
}

/**
 * A pathname as the server is asked for it. Absolute on systems with slashes, so that every session understands the
 * same by it; `.` and `..` are resolved by their names, as shells do.
 */
export function resolveRemote(place: Place, text: string, tilde = false): string {
  const { directory, home } = place;
  const path = tilde ? joined(home, text.slice(1)) : text;
  if (path.startsWith("/")) return normalized(path);
  if (!hasSlashes(directory)) return path === "" || path === "." ? directory : path;
  return normalized(joined(directory, path));
}

/** The directory that holds it. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The last component; "" of the root. */
export function nameOf(path: string): string {
  const trimmed = path.replace(/(?<=.)\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

function joined(directory: string, path: string): string {
  return path === "" ? directory : `${directory.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/**
 * Pathnames (RFC 959 2.2): absolute, canonical, and the only place where `..` is resolved. What gets a
 * {@link Pathname} can rely on it: it begins with `/`, holds no empty, `.` or `..` component and no NUL, CR or
 * LF, and ends in `/` only when it is the root. A backslash is an ordinary character.
 */
declare const pathnameBrand: unique symbol;
export type Pathname = string & { readonly [pathnameBrand]: true };

export const ROOT = "/" as Pathname;

/** Longest pathname in UTF-16 units, and most components: more than any file system takes. */
export const MAX_PATHNAME_LENGTH = 4096;

/** Why a typed pathname is refused. */
export class PathnameError extends Error {
  override readonly name = "PathnameError";
  readonly code = "ERR_FERRY_PATHNAME";
}

/**
 * The pathname that a client's text means, seen from a directory. `..` at the root stays there (as in chroot).
 * @throws PathnameError for NUL, CR or LF, or when the result is longer than {@link MAX_PATHNAME_LENGTH}.
 */
export function resolvePathname(from: Pathname, typed: string): Pathname {
  if (/[\0\r\n]/.test(typed)) throw new PathnameError("a pathname cannot hold NUL, CR or LF");
  const whole = typed.startsWith("/") ? typed : `${from}/${typed}`;
  const components: string[] = [];
  for (const component of whole.split("/")) {
    if (component === "" || component === ".") continue;
    if (component === "..") components.pop();
    else components.push(component);
  }
  const result = `/${components.join("/")}`;
  if (result.length > MAX_PATHNAME_LENGTH) throw new PathnameError("the pathname is too long");
  return result as Pathname;
}

/** A pathname from text that is known to be absolute, such as a constant or a configured home. */
export function pathname(absolute: string): Pathname {
  if (!absolute.startsWith("/"))
    throw new PathnameError(`not an absolute pathname: ${JSON.stringify(absolute)}`);
  return resolvePathname(ROOT, absolute);
}

/**
 * An entry of a directory.
 * @throws PathnameError when `name` is no single component: empty, `.`, `..`, or with a `/`, NUL, CR or LF.
 */
export function childOf(directory: Pathname, name: string): Pathname {
  if (name === "" || name === "." || name === ".." || /[/\0\r\n]/.test(name)) {
    throw new PathnameError(`not a name in a directory: ${JSON.stringify(name)}`);
  }
  return (directory === ROOT ? `/${name}` : `${directory}/${name}`) as Pathname;
}

/** The directory that holds it; the root holds itself. */
export function parentOf(path: Pathname): Pathname {
  const slash = path.lastIndexOf("/");
  return (slash <= 0 ? ROOT : path.slice(0, slash)) as Pathname;
}

/** The last component; empty for the root. */
export function nameOf(path: Pathname): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The components from the root down; none for the root. */
export function componentsOf(path: Pathname): string[] {
  return path === ROOT ? [] : path.slice(1).split("/");
}

/** Whether `path` is `directory` or lies below it, by whole components. */
export function isWithin(directory: Pathname, path: Pathname): boolean {
  return directory === ROOT || path === directory || path.startsWith(`${directory}/`);
}

/** The pathname as seen from `directory`, itself becoming the root. Undefined when it does not lie within. */
export function relativeTo(directory: Pathname, path: Pathname): Pathname | undefined {
  if (!isWithin(directory, path)) return undefined;
  if (directory === ROOT) return path;
  return (path.slice(directory.length) || "/") as Pathname;
}

/** `path` with everything below `directory` taken as its root: the inverse of {@link relativeTo}. */
export function joinPathnames(directory: Pathname, path: Pathname): Pathname {
  if (directory === ROOT) return path;
  return (path === ROOT ? directory : directory + path) as Pathname;
}

/** As in replies 257: in quotation marks, each one inside doubled (RFC 959 appendix II). */
export function quotePathname(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

/**
 * What a 257 reply quotes (the inverse of {@link quotePathname}), and the text behind it.
 * Undefined when the text begins with no complete quotation.
 */
export function unquotePathname(text: string): { path: string; rest: string } | undefined {
  const found = /^\s*"((?:[^"]|"")*)"(?!")/.exec(text);
  if (found === null) return undefined;
  return { path: (found[1] as string).replaceAll('""', '"'), rest: text.slice(found[0].length) };
}

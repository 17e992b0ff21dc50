/**
 * Names that a server tells (in listings) and that become names on this machine, or parts of other commands.
 * CVE-2026-27699 and others: `../../.bashrc` in a listing must lead nowhere.
 */
import { sep } from "node:path";

/** What a name could do here: `/` separates everywhere; Windows has `\`, drives, streams and devices besides. */
export type NameRules = "posix" | "windows";

export const NAME_RULES: NameRules = sep === "\\" ? "windows" : "posix";

const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:$|[ .:])/i;

/** Whether the name is one component and means a file of that very name in its directory. */
export function isSafeName(name: string, rules: NameRules = NAME_RULES): boolean {
  if (name === "" || name === "." || name === ".." || /[/\0\r\n]/.test(name)) return false;
  if (rules === "posix") return true;
  return !/[\\:*?"<>|\u0001-\u001f]|[ .]$/.test(name) && !WINDOWS_DEVICE.test(name);
}

/**
 * A name in a directory of the server. One that begins with `~` would be somebody's home to wu-ftpd, vsftpd and
 * ProFTPD: what is removed there, or listed, must be the file of that name.
 */
export function remoteJoin(directory: string, name: string): string {
  if (directory === "" || directory === ".") return name.startsWith("~") ? `./${name}` : name;
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** The last component of a server's pathname. */
export function remoteName(path: string): string {
  const trimmed = path.replace(/(?<=.)\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Which server it is, by its own words: only to name the right setting in an advice, never to guess a fact. */

export type Software =
  | "vsftpd"
  | "ProFTPD"
  | "Pure-FTPd"
  | "FileZilla Server"
  | "Microsoft FTP Service"
  | "pyftpdlib"
  | "SFTPGo"
  | "Ferry";

const MARKS: readonly (readonly [RegExp, Software])[] = [
  [/\bvsftpd\b/i, "vsftpd"],
  [/\bproftpd\b/i, "ProFTPD"],
  [/\bpure-?ftpd\b/i, "Pure-FTPd"],
  [/\bfilezilla\b/i, "FileZilla Server"],
  [/\bmicrosoft ftp\b|\bWindows_NT\b/i, "Microsoft FTP Service"],
  [/\bpyftpdlib\b/i, "pyftpdlib"],
  [/\bsftpgo\b/i, "SFTPGo"],
  [/\bferry\b/i, "Ferry"],
];

/** From what a server said of itself: its greeting, SYST, FEAT. Undefined when it keeps it to itself. */
export function softwareIn(texts: readonly string[]): Software | undefined {
  return MARKS.find(([mark]) => texts.some((text) => mark.test(text)))?.[1];
}

/** Digests of files that servers can be asked for and that are computed here too. */
export type FtpDigestAlgorithm = "crc32" | "md5" | "sha1" | "sha256" | "sha512";

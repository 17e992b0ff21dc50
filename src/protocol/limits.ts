/** Every bound on what a peer may send, with its reason. Servers and clients may lower them, never remove them. */

/**
 * Bytes in one command line, its end not counted. A pathname of {@link MAX_PATHNAME_LENGTH} characters with
 * each byte doubled as Telnet's IAC still fits; vsftpd and Pure-FTPd take 4096.
 */
export const MAX_COMMAND_LINE = 8192;

/** Bytes in one line of a reply: an MLST line holds a whole pathname and its facts. */
export const MAX_REPLY_LINE = 16_384;

/** Bytes in one reply. FEAT and HELP stay far below; a STAT of 10,000 entries is about 1 MB. */
export const MAX_REPLY = 4 * 1024 * 1024;

/** Lines in one reply: very short ones cost far more memory than their bytes. */
export const MAX_REPLY_LINES = 100_000;

/** Commands that wait while a transfer runs; more pause the socket. lftp pipelines about ten. */
export const MAX_QUEUED_COMMANDS = 64;

/** Entries in the answer to `STAT path`, which cannot stream; LIST and MLSD can. */
export const MAX_STAT_ENTRIES = 10_000;

/** Directories that `LIST -R` goes down: as deep as a pathname can be written, and no link is followed. */
export const MAX_LIST_DEPTH = 64;

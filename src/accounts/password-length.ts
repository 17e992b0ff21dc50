/** Bytes of a password in UTF-8; longer ones never match. Here, so that asking for one loads no hashing. */
export const MAX_PASSWORD_LENGTH = 1024;

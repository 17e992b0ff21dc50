/**
 * Every reply code that Ferry sends or understands, with its meaning and where it is defined.
 * The table is the only source of {@link ReplyCode}; a code that is not here does not compile.
 */
export const REPLY_CODES = {
  110: { meaning: "Restart marker reply", reference: "RFC 959 4.2.2" },
  120: { meaning: "Service ready in a while", reference: "RFC 959 4.2.2" },
  125: { meaning: "Data connection already open; transfer starting", reference: "RFC 959 4.2.2" },
  150: { meaning: "File status okay; about to open data connection", reference: "RFC 959 4.2.2" },
  200: { meaning: "Command okay", reference: "RFC 959 4.2.2" },
  202: { meaning: "Command not needed at this site", reference: "RFC 959 4.2.2" },
  211: { meaning: "System status, or system help reply", reference: "RFC 959 4.2.2" },
  212: { meaning: "Directory status", reference: "RFC 959 4.2.2" },
  213: { meaning: "File status", reference: "RFC 959 4.2.2" },
  214: { meaning: "Help message", reference: "RFC 959 4.2.2" },
  215: { meaning: "System type", reference: "RFC 959 4.2.2" },
  220: { meaning: "Service ready for new user", reference: "RFC 959 4.2.2" },
  221: { meaning: "Service closing control connection", reference: "RFC 959 4.2.2" },
  225: { meaning: "Data connection open; no transfer in progress", reference: "RFC 959 4.2.2" },
  226: { meaning: "Closing data connection; action successful", reference: "RFC 959 4.2.2" },
  227: { meaning: "Entering passive mode", reference: "RFC 959 4.2.2" },
  228: { meaning: "Entering long passive mode", reference: "RFC 1639 3" },
  229: { meaning: "Entering extended passive mode", reference: "RFC 2428 3" },
  230: { meaning: "User logged in", reference: "RFC 959 4.2.2" },
  232: { meaning: "User logged in, authorised by security data exchange", reference: "RFC 2228 5.1" },
  234: { meaning: "Security data exchange complete", reference: "RFC 2228 5.1" },
  250: { meaning: "Requested file action okay, completed", reference: "RFC 959 4.2.2" },
  251: { meaning: "Digest of one file", reference: "draft-twine-ftpmd5-00 3.1" },
  252: { meaning: "Digests of several files", reference: "draft-twine-ftpmd5-00 3.2" },
  257: { meaning: "Pathname created, or current directory", reference: "RFC 959 4.2.2" },
  331: { meaning: "User name okay, need password", reference: "RFC 959 4.2.2" },
  332: { meaning: "Need account for login", reference: "RFC 959 4.2.2" },
  334: { meaning: "Security data exchange wanted", reference: "RFC 2228 5.1" },
  350: { meaning: "Requested file action pending further information", reference: "RFC 959 4.2.2" },
  421: { meaning: "Service not available, closing control connection", reference: "RFC 959 4.2.2" },
  425: { meaning: "Can't open data connection", reference: "RFC 959 4.2.2" },
  426: { meaning: "Connection closed; transfer aborted", reference: "RFC 959 4.2.2" },
  431: { meaning: "Need some unavailable resource to process security", reference: "RFC 2228 5.1" },
  450: { meaning: "File action not taken: file unavailable for now", reference: "RFC 959 4.2.2" },
  451: { meaning: "Action aborted: local error in processing", reference: "RFC 959 4.2.2" },
  452: { meaning: "Action not taken: insufficient storage space", reference: "RFC 959 4.2.2" },
  500: { meaning: "Syntax error, command unrecognised", reference: "RFC 959 4.2.2" },
  501: { meaning: "Syntax error in parameters or arguments", reference: "RFC 959 4.2.2" },
  502: { meaning: "Command not implemented", reference: "RFC 959 4.2.2" },
  503: { meaning: "Bad sequence of commands", reference: "RFC 959 4.2.2" },
  504: { meaning: "Command not implemented for that parameter", reference: "RFC 959 4.2.2" },
  521: { meaning: "Data connection cannot be opened with this PROT setting", reference: "RFC 4217 10.2" },
  522: { meaning: "Network protocol or TLS session not acceptable", reference: "RFC 2428 2, RFC 4217 10.2" },
  530: { meaning: "Not logged in", reference: "RFC 959 4.2.2" },
  532: { meaning: "Need account for storing files", reference: "RFC 959 4.2.2" },
  533: { meaning: "Command protection level denied for policy reasons", reference: "RFC 2228 5.1" },
  534: { meaning: "Request denied for policy reasons", reference: "RFC 2228 5.1" },
  535: { meaning: "Failed security check", reference: "RFC 2228 5.1" },
  536: { meaning: "Requested PROT level not supported by mechanism", reference: "RFC 2228 5.1" },
  550: { meaning: "Action not taken: file unavailable", reference: "RFC 959 4.2.2" },
  551: { meaning: "Action aborted: page type unknown", reference: "RFC 959 4.2.2" },
  552: { meaning: "Action aborted: exceeded storage allocation", reference: "RFC 959 4.2.2" },
  553: { meaning: "Action not taken: file name not allowed", reference: "RFC 959 4.2.2" },
  556: { meaning: "Digest not available for this file", reference: "draft-bryan-ftpext-hash-02 3.2" },
} as const;

export type ReplyCode = keyof typeof REPLY_CODES;

/** First digit, RFC 959 4.2: what the user process should do next. */
export type ReplyClass =
  | "preliminary"
  | "completion"
  | "intermediate"
  | "transient-negative"
  | "permanent-negative";

const CLASSES = [
  "preliminary",
  "completion",
  "intermediate",
  "transient-negative",
  "permanent-negative",
] as const;

/** Class of any three-digit code from 100 to 599, also of codes that are not in the table. */
export function classOf(code: number): ReplyClass {
  const found = CLASSES[Math.floor(code / 100) - 1];
  if (found === undefined) throw new RangeError(`not a reply code: ${code}`);
  return found;
}

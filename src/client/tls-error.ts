/** Why there is no TLS, and what to do about it. */
import { TlsFailure, type TlsFailureReason, tlsFailureOf } from "../connection/tls/tls-failure.js";
import type { Reply } from "../protocol/reply.js";
import { FtpError, type FtpErrorDetails, type FtpPhase, replyText } from "./errors.js";

export type FtpTlsReason =
  | TlsFailureReason
  | "refused" // the server takes no AUTH, or not the PROT that we want (`reply`)
  | "clear-text"; // bytes in clear came behind the 234 (CVE-2021-22947)

/** TLS did not come about, or not with the server that was asked for. The connection is closed. */
export class FtpTlsError extends FtpError {
  override readonly name = "FtpTlsError";
  readonly code = "ERR_FERRY_FTP_TLS";
  readonly reason: FtpTlsReason;
  readonly retryable: boolean;

  constructor(reason: FtpTlsReason, message: string, details: FtpErrorDetails) {
    super(message, { hint: HINTS[reason], ...details });
    this.reason = reason;
    const { reply } = details;
    this.retryable = reason === "broken" || (reply !== undefined && reply.code < 500);
  }

  static refused(verb: "AUTH" | "PROT", reply: Reply<number>): FtpTlsError {
    const hint = verb === "AUTH" ? HINTS.refused : PROT_HINT;
    return new FtpTlsError("refused", `${verb} was answered ${replyText(reply)}`, {
      phase: "tls",
      reply,
      hint,
    });
  }

  static of(error: unknown, phase: FtpPhase): FtpTlsError {
    const failure = tlsFailureOf(error);
    const where = phase === "data-connection" ? " on the data connection" : "";
    const detail = failure.detail === undefined ? "" : ` (${failure.detail})`;
    const { reason } = failure;
    // vsftpd says its last words (500 OOPS) in clear.
    const late = reason === "no-tls" && phase !== "tls" && phase !== "data-connection";
    const message = late ? "the server broke off in clear" : MESSAGES[reason];
    const details = { phase, cause: failure, ...(late && { hint: "The server's log says why." }) };
    return new FtpTlsError(reason, `${message}${where}${detail}`, details);
  }
}

/** Whether a data connection failed because of who is at its other end: a reply of the server changes nothing. */
export function isAboutTheServer(error: unknown): error is TlsFailure {
  return error instanceof TlsFailure && CERTIFICATES.has(error.reason);
}

const CERTIFICATES: ReadonlySet<TlsFailureReason> = new Set([
  "unknown-authority",
  "expired",
  "not-yet-valid",
  "wrong-host",
  "certificate",
  "other-certificate",
]);

const MESSAGES: Readonly<Record<TlsFailureReason, string>> = {
  "unknown-authority": "nobody whom we trust vouches for the server's certificate",
  expired: "the server's certificate has expired",
  "not-yet-valid": "the server's certificate is not valid yet",
  "wrong-host": "the server's certificate is for another host",
  certificate: "the server's certificate cannot be accepted",
  "other-certificate": "the server has another certificate",
  "no-tls": "the server does not speak TLS here",
  "nothing-in-common": "we and the server have no version or cipher of TLS in common",
  "own-certificate": "the server wants a certificate of ours, or does not accept it",
  broken: "the connection ended in the TLS handshake",
};

const HINTS: Readonly<Record<FtpTlsReason, string>> = {
  "unknown-authority":
    "If it is self-signed, or of your own authority, give that certificate as `ca`; the server may also lack the certificates between.",
  expired: "The server's operator has to renew it; or this machine's clock is wrong.",
  "not-yet-valid": "Is this machine's clock right?",
  "wrong-host": "Connect by a name that is in the certificate, or give that name as `serverName`.",
  certificate: "The server's operator has to replace it.",
  "other-certificate":
    "Data connections lead to somebody else than commands: is there a wrong address, or an attacker?",
  "no-tls": 'Implicit TLS has a port of its own, usually 990; on port 21 use `tls: "explicit"`.',
  "nothing-in-common":
    "The server may want a certificate of ours (`cert`, `key`), which TLS 1.2 says in no other way; or it is very old: `minVersion` lets older versions through, with all their weaknesses.",
  "own-certificate": "Give a certificate that the server's authority has signed (`cert`, `key`).",
  broken: "The server may want a client certificate, or not have a certificate itself; its log says more.",
  refused:
    'The server has no TLS, or it is off: only `tls: "off"` or "auto" connect in clear, and then passwords can be read on the way.',
  "clear-text": "Somebody on the way may have added it; no word of it was believed.",
};

const PROT_HINT =
  "The server protects data connections in another way than was asked for: see `tlsOptions.data`.";

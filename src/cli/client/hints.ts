/** What to do about an error of the client, in the words of the command line: the library's speak of its options. */
import {
  FtpConnectionError,
  FtpDataConnectionError,
  type FtpError,
  FtpLoginError,
  FtpTimeoutError,
} from "../../client/errors.js";
import { FtpTlsError, type FtpTlsReason } from "../../client/tls-error.js";
import { systemCode } from "../errors.js";

/** Undefined when there is nothing to say beyond the message. */
export function hintFor(error: FtpError): string | undefined {
  const { reply, cause, hint } = error;
  if (error instanceof FtpTlsError) return TLS_HINTS[error.reason];
  if (error instanceof FtpConnectionError) return CONNECTION_HINTS[systemCode(cause) ?? ""] ?? hint;
  if (error instanceof FtpDataConnectionError && hint?.includes("dataMode") === true) return DATA_HINT;
  if (error instanceof FtpTimeoutError && error.phase === "greeting") return SILENT_HINT;
  if (reply?.code === 332 || reply?.code === 532)
    return "The server wants an account: write it into ~/.netrc (account)";
  // RFC 959 4.2.2: the command itself is not known.
  if (error instanceof FtpLoginError && (reply?.code === 500 || reply?.code === 502))
    return "It does not know what a login is: is it an FTP server, and the port right?";
  if (error instanceof FtpLoginError)
    return "Are name and password right? Some servers let nobody in without TLS";
  // What the reply says is all there is.
  return reply?.code === 550 ? undefined : hint;
}

const DATA_HINT =
  "A firewall may block the server's passive ports; --active needs one that lets the server reach us; `ferry doctor` finds out";

const SILENT_HINT =
  "A server that says nothing may wait for TLS: write ftps://, usually with port 990; or it is no FTP server: a web server, for one, says nothing first";

const CONNECTION_HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: "There is no such host: is its name right?",
  EAI_AGAIN: "The name cannot be looked up now: is there a network?",
  EHOSTUNREACH: "No way leads to that host from here",
  ENETUNREACH: "No way leads to that network from here",
};

const TLS_HINTS: Readonly<Record<FtpTlsReason, string>> = {
  "unknown-authority":
    "If it is self-signed, or of your own authority, give that certificate with --ca; --insecure takes any",
  expired:
    "The server's operator has to renew it, or this machine's clock is wrong; --insecure takes it all the same",
  "not-yet-valid": "Is this machine's clock right? --insecure takes it all the same",
  "wrong-host": "Connect by a name that is in the certificate; --insecure takes it all the same",
  certificate: "The server's operator has to replace it; --insecure takes it all the same",
  "other-certificate":
    "Data connections lead to somebody else than commands: is there a wrong address, or an attacker?",
  "no-tls": "ftps:// is implicit TLS, which has a port of its own, usually 990; on port 21 write ftpes://",
  "nothing-in-common": "The server is very old, or allows too little",
  "own-certificate": "Give a certificate that the server's authority has signed: --cert and --key",
  broken: "The server may want a client certificate (--cert), or have none itself; its log says more",
  refused:
    "The server has no TLS, or it is off: only ftp:// connects in clear, and then the password can be read on the way",
  "clear-text": "Somebody on the way may have added it; no word of it was believed",
};

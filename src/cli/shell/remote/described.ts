/** A server, and the connection with it, in words. */
import type { FtpSecurity } from "../../../client/session/protection.js";
import { escapeHostile } from "../../../protocol/text.js";
import type { RemotePlace } from "../../client/places.js";

/** How the connection is protected; nothing where there is nothing to protect. */
export function securityText(security: FtpSecurity | undefined, password: boolean): string | undefined {
  if (security === undefined)
    return password ? "connected without TLS: the password went in clear" : undefined;
  const { protocol, authorized, authorizationError } = security;
  if (authorized) return `connected with ${protocol}`;
  return `connected with ${protocol}; the certificate is not verified: ${escapeHostile(authorizationError ?? "unknown")}`;
}

/** `anna@host:2121` */
export function shownServer({ url }: RemotePlace, user: string | undefined): string {
  const login = user === undefined ? "" : `${escapeHostile(user)}@`;
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  return `${login}${escapeHostile(host)}${url.port === undefined ? "" : `:${url.port}`}`;
}

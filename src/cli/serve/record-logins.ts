/** Logins and transfers in the accounts' database, where the configuration asks for it. */
import type { Audit } from "../../accounts/mongodb/audit.js";
import type { FtpServer } from "../../server/server.js";
import { asCliError } from "../directories.js";
import type { Settings } from "./settings.js";

/** @throws CliError */
export async function recordLogins(
  server: FtpServer,
  audit: Audit | undefined,
  { audit: said }: Settings,
): Promise<void> {
  if (audit === undefined || said === undefined) return;
  try {
    await audit.start(said);
  } catch (error) {
    throw asCliError(error);
  }
  if (said.logins) {
    server.on("login", ({ session, name, ok, reason }) => {
      const peer = session.peer.address;
      audit.login({ name, ok, peer, session: session.id, ...(reason !== undefined && { reason }) });
    });
  }
  if (!said.transfers) return;
  server.on("transfer", ({ session, direction, content, outcome }) => {
    if (content !== "file") return;
    audit.transfer({
      name: session.account ?? "",
      direction,
      path: outcome.path,
      bytes: outcome.bytes,
      milliseconds: Math.round(outcome.duration),
      outcome: outcome.kind,
      peer: session.peer.address,
      session: session.id,
    });
  });
}

/** Text of the 1xx reply before a file or a listing moves. */
import { printable } from "../protocol/text.js";
import type { Session } from "./session.js";

/** wget and others read the size from the parentheses. */
export function openingText(session: Session, name: string, bytes?: number): string {
  const type = session.parameters.type.kind === "ascii" ? "ASCII" : "BINARY";
  const size = bytes === undefined || type === "ASCII" ? "" : ` (${bytes} bytes)`;
  return `Opening ${type} mode data connection for ${printable(name)}${size}.`;
}

/** One line of LIST or NLST for one entry. */
import { formatUnixLine } from "../protocol/listing/unix.js";
import { visibleName } from "../protocol/text.js";
import type { LineFormat } from "./listing.js";

/** "long" as `ls -l`, "names" as NLST. */
export type LineStyle = "long" | "names";

/** `prefix` stands before each name in the "names" style. */
export function lineFormat(style: LineStyle, prefix: string): LineFormat {
  if (style === "names") return (entry) => `${prefix}${visibleName(entry.name)}\r\n`;
  const now = Date.now();
  return (entry) => `${formatUnixLine(entry, now)}\r\n`;
}

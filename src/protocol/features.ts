/** The reply to FEAT (RFC 2389 3.2): made from feature lines, and read into a map. */
import { type Reply, reply } from "./reply.js";

/** Names of features in upper case, each with its parameters, `""` when there are none. */
export type Features = ReadonlyMap<string, string>;

/** `features`: one text for each line, such as `MDTM` or `AUTH TLS`. */
export function formatFeatures(features: readonly string[]): Reply {
  // "The no-features reply MUST NOT use the multi-line response format."
  if (features.length === 0) return reply(211, "No features.");
  return reply(211, "Features:", ...features, "End");
}

/**
 * What a reply to FEAT lists; nothing for a refusal. Parameters of a feature that stands on several lines, as
 * `AUTH TLS` and `AUTH SSL` do on some servers, are joined by semicolons.
 */
export function parseFeatures({ code, lines }: Reply<number>): Features {
  const features = new Map<string, string>();
  if (code !== 211) return features;
  for (const line of lines.slice(1, -1)) {
    // Some servers repeat the code on every line.
    const found = /^(?:211-)?\s*(\S+)\s*(.*)$/s.exec(line);
    if (found === null) continue;
    const name = (found[1] as string).toUpperCase();
    const parameters = (found[2] as string).trimEnd();
    const before = features.get(name);
    features.set(name, before && parameters ? `${before};${parameters}` : before || parameters);
  }
  return features;
}

/** Values as lines of JSON. */

/**
 * With its line end. Control characters of ISO 6429 above ASCII and marks that turn the direction of writing, which
 * JSON allows, do not reach a terminal either.
 */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

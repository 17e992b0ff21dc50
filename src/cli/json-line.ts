/** Values as lines of JSON. */

/** With its line end. Control characters of ISO 6429 above ASCII, which JSON allows, do not reach a terminal either. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

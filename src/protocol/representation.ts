/** Representation type, file structure and transmission mode (RFC 959 3.1, 3.4): values, parsing, naming. */

export type FormatControl = "N" | "T" | "C";

export type RepresentationType =
  | { readonly kind: "ascii"; readonly format: FormatControl }
  | { readonly kind: "ebcdic"; readonly format: FormatControl }
  | { readonly kind: "image" }
  | { readonly kind: "local"; readonly byteSize: number };

/** File, record or page structure. */
export type FileStructure = "F" | "R" | "P";

/** Stream, block, compressed (RFC 959 3.4), and deflate (draft-preston-ftpext-deflate-03). */
export type TransmissionMode = "S" | "B" | "C" | "Z";

/** The transfer parameters of one session. */
export interface TransferParameters {
  readonly type: RepresentationType;
  readonly structure: FileStructure;
  readonly mode: TransmissionMode;
}

export const IMAGE: RepresentationType = { kind: "image" };
export const ASCII: RepresentationType = { kind: "ascii", format: "N" };

/** The argument of TYPE (RFC 959 5.3.2). Undefined when it is no TYPE argument at all. */
export function parseType(text: string): RepresentationType | undefined {
  const found = /^([AEIL])(?: +([A-Z]|\d{1,3}))?$/i.exec(text.trim());
  if (found === null) return undefined;
  const letter = (found[1] as string).toUpperCase();
  const second = found[2]?.toUpperCase();
  if (letter === "I") return second === undefined || second === "N" ? IMAGE : undefined;
  if (letter === "L") return localType(second);
  if (second !== undefined && second !== "N" && second !== "T" && second !== "C") return undefined;
  const format: FormatControl = second ?? "N";
  return letter === "A" ? { kind: "ascii", format } : { kind: "ebcdic", format };
}

/** As TYPE takes it. */
export function formatType(type: RepresentationType): string {
  if (type.kind === "image") return "I";
  if (type.kind === "local") return `L ${type.byteSize}`;
  return `${type.kind === "ascii" ? "A" : "E"} ${type.format}`;
}

/** The argument of STRU; undefined when it is none. */
export function parseStructure(text: string): FileStructure | undefined {
  const letter = text.trim().toUpperCase();
  return letter === "F" || letter === "R" || letter === "P" ? letter : undefined;
}

/** The argument of MODE; undefined when it is none. */
export function parseMode(text: string): TransmissionMode | undefined {
  const letter = text.trim().toUpperCase();
  return letter === "S" || letter === "B" || letter === "C" || letter === "Z" ? letter : undefined;
}

/** RFC 959 3.1.1.4: the byte size is required; 1 to 255 as in 5.3.2. */
function localType(second: string | undefined): RepresentationType | undefined {
  const byteSize = Number(second);
  return second !== undefined && byteSize >= 1 && byteSize <= 255 ? { kind: "local", byteSize } : undefined;
}

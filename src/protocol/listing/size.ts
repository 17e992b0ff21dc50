/** A number of bytes in a line of a listing; 0 when a back end gave something that is none. */
export function sizeText(size: number): string {
  return Number.isSafeInteger(size) && size > 0 ? String(size) : "0";
}

/** The word that was probably meant by one that is unknown. */

/** Undefined when nothing is near. Two changed, missing, added or swapped letters at most, and no more than half. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.min(2, Math.floor(typed.length / 2)) + 1;
  for (const word of known) {
    // Longer ones cannot be near, and distance takes the product of both lengths.
    if (Math.abs(word.length - typed.length) > 2 || typed.length > LONGEST) continue;
    const found = distance(typed.toLowerCase(), word.toLowerCase());
    if (found < least) [best, least] = [word, found];
  }
  return best;
}

const LONGEST = 40;

/** Damerau's, without swaps across other changes. */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= one.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      let cost = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped && row > 1 && column > 1) cost = Math.min(cost, at(row - 2, column - 2) + 1);
      rows[row]?.push(cost);
    }
  }
  return at(one.length, other.length);
}

/** What a line of LIST tells, in whatever dialect it was written. */
export interface ListedLine {
  /** The line, or lines, as they came. */
  readonly raw: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  /** Bytes, where the dialect tells them. */
  readonly size?: number;
  /** Milliseconds since the epoch, the server's clock read as UTC unless the line has a zone. */
  readonly modified?: number;
  /** How exactly the line gives the time. */
  readonly precision?: "second" | "minute" | "day";
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  readonly links?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly target?: string;
  readonly unique?: string;
}

/**
 * "heading": no entry, but a line that only this dialect has. "more": the entry goes on in the next line.
 * Undefined: not of this dialect.
 */
export type LineAnswer = ListedLine | "heading" | "more" | undefined;

/** Reads the lines of one listing, in order, without their ends. `now`: milliseconds since the epoch. */
export type LineReader = (line: string) => LineAnswer;

export type Listed = Omit<ListedLine, "raw">;

/** A time and how exactly it is known; nothing for a time that does not exist. */
export function timed(
  modified: number | undefined,
  precision: NonNullable<ListedLine["precision"]>,
): Pick<ListedLine, "modified" | "precision"> {
  return modified === undefined ? {} : { modified, precision };
}

/** A size; nothing for one that is not known. */
export function sized(size: number | undefined): Pick<ListedLine, "size"> {
  return size === undefined ? {} : { size };
}

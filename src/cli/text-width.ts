/** How wide text is on a terminal, for text that has no control characters any more (`printable`). */
import { eastAsianWidth } from "get-east-asian-width";

let segmenter: Intl.Segmenter | undefined;

/**
 * What a reader sees as one character: a letter with its accents, a family of emojis, a flag. The segmenter is made
 * when it is needed: its tables take 7 ms, and most names are plain.
 */
function clustersOf(text: string): Iterable<{ readonly segment: string }> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

/** Marks that stand on another character, and characters that show nothing. */
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Default_Ignorable_Code_Point}\u1160-\u11ff]+$/u;
/** Drawn as a picture, which takes two columns; U+FE0F asks for the picture of what is a character otherwise. */
const PICTURE = /^\p{Emoji_Presentation}|\ufe0f|^\p{Regional_Indicator}{2}/u;
const PLAIN = /^[\u0020-\u007e]*$/;

/** Columns of a text. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of clustersOf(text)) width += clusterWidth(segment);
  return width;
}

/** The same text when it fits, else its beginning and its end: names of files differ at both. Never wider. */
export function fitMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const mark = "...".slice(0, Math.max(0, width));
  const left = Math.max(0, width - mark.length);
  const all = Array.from(clustersOf(text), ({ segment }) => segment);
  const tail = fitting(all.toReversed(), Math.floor(left / 2)).reverse();
  const head = fitting(all, left - displayWidth(tail.join("")));
  return head.join("") + mark + tail.join("");
}

/** With spaces behind, up to a width. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** As many of the first ones as there is room for. */
function fitting(segments: readonly string[], room: number): string[] {
  let width = 0;
  const end = segments.findIndex((segment) => {
    width += clusterWidth(segment);
    return width > room;
  });
  return segments.slice(0, end === -1 ? undefined : end);
}

function clusterWidth(segment: string): number {
  if (INVISIBLE.test(segment)) return 0;
  return PICTURE.test(segment) ? 2 : eastAsianWidth(segment.codePointAt(0) ?? 0);
}

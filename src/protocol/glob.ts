/**
 * Patterns of names: `*`, `?` and `[a-z]`, as LIST and NLST take them for a last component. No braces: they made
 * a pattern of a few bytes cost minutes elsewhere (CVE-2011-0762, CVE-2011-0418).
 */

/** Whether the text holds anything that a pattern may mean. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

type Element =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "literal"; readonly character: string }
  | {
      readonly kind: "class";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

/**
 * A test for names. Time is bounded by the product of both lengths: the last `*` alone is tried again.
 * A leading dot is matched like every other character: FTP knows no hidden files.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const elements = parseElements([...pattern]);
  return (name) => matches(elements, [...name]);
}

function matches(elements: readonly Element[], name: readonly string[]): boolean {
  let element = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = elements[element];
    if (current?.kind === "any") {
      star = element++;
      starAt = at;
    } else if (current !== undefined && matchesOne(current, name[at] as string)) {
      element += 1;
      at += 1;
    } else if (star >= 0) {
      element = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (elements[element]?.kind === "any") element += 1;
  return element === elements.length;
}

function matchesOne(element: Element, character: string): boolean {
  if (element.kind === "literal") return element.character === character;
  if (element.kind === "class") {
    return element.ranges.some(([low, high]) => low <= character && character <= high) !== element.negated;
  }
  return true;
}

function parseElements(pattern: readonly string[]): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === "*") {
      if (elements.at(-1)?.kind !== "any") elements.push({ kind: "any" });
    } else if (character === "?") elements.push({ kind: "one" });
    else if (character === "\\" && at + 1 < pattern.length) {
      elements.push({ kind: "literal", character: pattern[++at] as string });
    } else {
      const found = character === "[" ? parseClass(pattern, at) : undefined;
      elements.push(found?.element ?? { kind: "literal", character });
      at = found?.last ?? at;
    }
  }
  return elements;
}

/** `[abc]`, `[a-z]`, `[!a-z]`; a `]` in first place is a member. Undefined when it has no end: then `[` is itself. */
function parseClass(
  pattern: readonly string[],
  open: number,
): { element: Element; last: number } | undefined {
  const negated = pattern[open + 1] === "!" || pattern[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  const close = pattern.indexOf("]", first + 1);
  if (close === -1) return undefined;
  const ranges: [string, string][] = [];
  for (let at = first; at < close; at++) {
    const low = pattern[at] as string;
    const isRange = pattern[at + 1] === "-" && at + 2 < close;
    ranges.push([low, isRange ? (pattern[at + 2] as string) : low]);
    if (isRange) at += 2;
  }
  return { element: { kind: "class", negated, ranges }, last: close };
}

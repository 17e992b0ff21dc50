/** What Tab lists when there are several ways to go on: in columns, safe for a terminal. */
import { countText } from "../../quantities.js";
import { displayWidth, fitMiddle, padTo } from "../../text-width.js";
import type { Candidate } from "../completion/source.js";
import { escapeHostile } from "../line/escapes.js";

/** More would scroll away what is being done. */
const MOST = 200;
const BETWEEN = 2;

export interface ChoicesOptions {
  readonly columns: number;
  readonly colours: boolean;
}

/** Lines, each with its end; read down, then to the right, as `ls` writes them. */
export function choicesText(choices: readonly Candidate[], { columns, colours }: ChoicesOptions): string {
  const labels = choices.slice(0, MOST).map(({ label }) => fitMiddle(escapeHostile(label), columns - 1));
  const width = Math.max(...labels.map(displayWidth)) + BETWEEN;
  const across = Math.max(1, Math.floor((columns - 1 + BETWEEN) / width));
  const down = Math.ceil(labels.length / across);
  const lines = Array.from({ length: down }, (_, row) =>
    Array.from({ length: across }, (_, column) => labels[column * down + row])
      .filter((label) => label !== undefined)
      .map((label) => coloured(padTo(label, width), label, colours))
      .join("")
      .trimEnd(),
  );
  const left = choices.length - labels.length;
  if (left > 0) lines.push(`… and ${countText(left, "more", "more")}`);
  return lines.map((line) => `${line}\n`).join("");
}

function coloured(padded: string, label: string, colours: boolean): string {
  return colours && label.endsWith("/") ? `\u001b[1;34m${label}\u001b[0m${padded.slice(label.length)}` : padded;
}

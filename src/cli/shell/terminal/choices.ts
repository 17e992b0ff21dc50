/** Names in columns, as Tab and `cls` list them: safe for a terminal. */
import { displayWidth, fitMiddle } from "../../text-width.js";
import { escapeHostile } from "../line/escapes.js";

/** Of more nobody chooses by Tab, and they would scroll away what is being done. */
const MOST = 200;
const BETWEEN = 2;

export interface ChoicesOptions<Choice> {
  readonly columns: number;
  /** Gives the text, which is shown for the choice, its colour. */
  readonly paint: (text: string, choice: Choice) => string;
  readonly most?: number;
}

/** Lines, each with its end; read down, then to the right, as `ls` writes them. */
export function choicesText<Choice extends { readonly label: string }>(
  choices: readonly Choice[],
  { columns, paint, most = MOST }: ChoicesOptions<Choice>,
): string {
  const cells = choices.slice(0, most).map((choice) => {
    const text = fitMiddle(escapeHostile(choice.label), columns - 1);
    return { shown: paint(text, choice), width: displayWidth(text) };
  });
  const width = cells.reduce((widest, cell) => Math.max(widest, cell.width), 0) + BETWEEN;
  const across = Math.max(1, Math.floor((columns - 1 + BETWEEN) / width));
  const down = Math.ceil(cells.length / across);
  let text = "";
  for (let row = 0; row < down; row++) {
    let gap = 0;
    for (let at = row; at < cells.length; at += down) {
      const cell = cells[at];
      text += " ".repeat(gap) + (cell?.shown ?? "");
      gap = width - (cell?.width ?? 0);
    }
    text += "\n";
  }
  return choices.length > cells.length ? `${text}… and ${choices.length - cells.length} more\n` : text;
}

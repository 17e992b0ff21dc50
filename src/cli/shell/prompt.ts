/** `ferry anna@host:/dir> ` */
import { escapeHostile } from "./line/escapes.js";

export interface PromptState {
  /** `anna@host`; undefined when nothing is open. */
  readonly shown: string | undefined;
  readonly directory: string;
  /** Jobs behind it. */
  readonly jobs: number;
}

export function promptText({ shown, directory, jobs }: PromptState, colours: boolean): string {
  const paint = (text: string, code: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const behind = jobs === 0 ? "" : ` [${jobs}]`;
  if (shown === undefined) return `ferry${behind}> `;
  return `ferry ${paint(shown, "32")}:${paint(escapeHostile(directory), "1;34")}${behind}> `;
}

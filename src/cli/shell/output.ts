/** Where a command's output goes: the terminal, a file, or a program of this machine. */

export interface ShellOutput {
  /** Whether it is a terminal, where colours and columns are of use. */
  readonly isTTY: boolean;
  readonly columns: number;
  /** Waits when the one who reads is behind. */
  write(text: string | Uint8Array): void | Promise<void>;
}

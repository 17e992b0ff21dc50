/** What Tab may offer for one place in a line. */

export interface Candidate {
  /** The whole word, without quotes. */
  readonly text: string;
  /** What a list of several shows: the last component, with a mark behind. Made safe where it is shown. */
  readonly label: string;
  /** Whether typing goes on in the same word: a directory. */
  readonly more: boolean;
}

export interface NamedEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
}

/** Lists of words that commands complete from. */
export type WordList = "commands" | "settings" | "bookmarks" | "aliases" | "jobs";

/** What sources see of the shell. */
export interface CompletionWorld {
  /** Of the server, seen from the working directory there; from memory when it is fresh. None when not connected. */
  listRemote(directory: string, signal: AbortSignal): Promise<readonly NamedEntry[]>;
  /** Where the login led: `~` of the server. */
  readonly remoteHome: string;
  /** The shell's own, which `lcd` changes. */
  readonly localDirectory: string;
  readonly localHome: string;
  words(list: WordList): Promise<readonly string[]>;
  /** What a setting can be, where there are few. */
  settingValues(name: string): readonly string[];
}

export interface CompletionRequest {
  readonly world: CompletionWorld;
  /** The word so far, without quotes. */
  readonly typed: string;
  /** Whether it begins with an unquoted `~`. */
  readonly tilde: boolean;
  /** The words of the command before it, the command's name first. */
  readonly before: readonly string[];
  /** Ends when the person has waited long enough. */
  readonly signal: AbortSignal;
}

/** Candidates that begin with what was typed. May fail: then there are none. */
export type Source = (request: CompletionRequest) => readonly Candidate[] | Promise<readonly Candidate[]>;

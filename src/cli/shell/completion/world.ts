/** What Tab sees of a shell. */
import { readBookmarks } from "../../client/bookmarks.js";
import type { CommandBook } from "../declaration.js";
import { scan } from "../line/tokens.js";
import { SETTINGS } from "../settings.js";
import type { Shell } from "../shell.js";
import type { CompletionWorld, WordList } from "./source.js";

/** Commands as they can be typed: what stands behind an alias is completed as behind what it stands for. */
export function withAliases({ commands, aliases }: Pick<Shell, "commands" | "aliases">): CommandBook {
  const find: CommandBook["find"] = (name) => {
    const alias = aliases.get(name);
    if (alias === undefined) return commands.find(name);
    const { tokens } = scan(alias);
    const word = tokens[tokens.findLastIndex(({ kind }) => kind === "operator") + 1];
    return word?.kind === "word" ? commands.find(word.text) : undefined;
  };
  return { all: commands.all, find };
}

export function worldOf(shell: Shell): CompletionWorld {
  const { remote, local, commands, aliases, jobs, terminal } = shell;
  const lists: Readonly<Record<WordList, () => readonly string[] | Promise<readonly string[]>>> = {
    commands: () => [...commands.all.flatMap((each) => [each.name, ...each.aliases]), ...aliases.keys()],
    settings: () => SETTINGS.map(({ name }) => name),
    bookmarks: async () => (await readBookmarks(terminal)).map(({ name }) => name),
    aliases: () => [...aliases.keys()],
    jobs: () => jobs.running.map(({ id }) => String(id)),
  };
  return {
    listRemote: (directory, signal) => remote.list(directory, signal),
    get remoteHome() {
      return remote.home;
    },
    get localDirectory() {
      return local.directory;
    },
    localHome: local.home,
    words: async (list) => await lists[list](),
    settingValues: (name) => SETTINGS.find((each) => each.name === name)?.values ?? [],
  };
}

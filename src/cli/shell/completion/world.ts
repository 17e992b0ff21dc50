/** What Tab sees of a shell. */
import { readBookmarks } from "../../client/bookmarks.js";
import { SETTINGS } from "../settings.js";
import type { Shell } from "../shell.js";
import type { CompletionWorld, WordList } from "./source.js";

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

import { isUtf8Text } from "../../../protocol/text.js";
import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";

const UTF8_SETTINGS = { vsftpd: "utf8_filesystem=YES", ProFTPD: "UseEncoding UTF-8 (mod_lang)" } as const;

export const charset = defineProbe({
  id: "charset",
  section: "Names and listings",
  title: "the charset of names",
  needs: ["login"],
  troubles: {
    "names-not-utf8": {
      kind: "problem",
      text: "The server says UTF-8, and names in its listing are not",
      cause:
        "The files got their names from programs with another charset. Clients show them wrong, or cannot open them.",
      change: [
        { side: "server", what: "Rename these files with names in UTF-8 (convmv does)." },
        { side: "client", what: "To reach them until then: --encoding with the charset that they are in." },
      ],
      weight: 56,
    },
    "names-legacy": {
      kind: "note",
      text: "Names are in an old charset, not in UTF-8",
      cause: "The server is older than RFC 2640, or its files were named in another charset.",
      change: [
        {
          side: "client",
          what: "Say which with --encoding: windows-1252 in western Europe, windows-1251 for Cyrillic, gbk, shift_jis, euc-kr.",
        },
        { side: "server", what: "Have names in UTF-8, and say so in FEAT.", settings: UTF8_SETTINGS },
      ],
      weight: 38,
    },
    "utf8-missing": {
      kind: "note",
      text: "The server does not say that its names are UTF-8",
      cause: "FEAT does not list UTF8 (RFC 2640). Letters outside ASCII can come out wrong.",
      change: [{ side: "server", what: "Have it say UTF8 in FEAT.", settings: UTF8_SETTINGS }],
      weight: 17,
    },
  },
  async run(visit, tell) {
    const { features = new Map(), listing = [], facted = [] } = visit.facts;
    const names = [...listing, ...facted.map(({ name }) => name)];
    const unreadable = names.find((name) => !isUtf8Text(name));
    const announced = features.has("UTF8");
    if (unreadable !== undefined) {
      return [tell.found(announced ? "names-not-utf8" : "names-legacy", { evidence: unreadable })];
    }
    const session = await visit.session();
    const reply = await session.ask("OPTS", "UTF8 ON");
    const evidence = `OPTS UTF8 ON was answered ${replyText(reply)}`;
    if (announced) {
      const isSeen = names.some((name) => /[^\0-\x7f]/.test(name));
      return [tell.ok(isSeen ? "Names are UTF-8" : "The server says that names are UTF-8")];
    }
    return [tell.found("utf8-missing", { evidence })];
  },
});

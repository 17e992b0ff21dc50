import { parseTimestamp } from "../../../protocol/timestamp.js";
import { isZone, offsetText, roundedOffset } from "../clock-offset.js";
import { replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";

/** LIST has minutes, and not all round them down. */
const LIST_PRECISION = 60_000;
/** Clocks of servers are rarely better. */
const TOLERANCE = 5 * 60_000;

export const clock = defineProbe({
  id: "clock",
  section: "Names and listings",
  title: "times and clocks",
  needs: ["login"],
  troubles: {
    "mdtm-missing": {
      kind: "note",
      text: "The server tells no exact times (MDTM)",
      cause: 'It is older than RFC 3659: the times of its LIST have no zone, and "newer" can be hours off.',
      change: [
        { side: "server", what: "Update the server, or use one that has MDTM or MLSD." },
        { side: "client", what: "Compare files by size or digest, not by time." },
      ],
      weight: 23,
    },
    "list-local-time": {
      kind: "note",
      text: "Times in LIST are {offset} from UTC",
      cause:
        "LIST has the server's local time, without a zone. Clients that take it for UTC or for their own are wrong by that much.",
      change: [
        {
          side: "client",
          what: "Use a client that asks MLSD or MDTM, as Ferry does.",
        },
        {
          side: "server",
          what: "Have listings in UTC.",
          settings: { vsftpd: "use_localtime=NO", ProFTPD: "TimesGMT on" },
        },
      ],
      weight: 21,
    },
    "times-in-future": {
      kind: "note",
      text: "A file's time lies in the future, by {ahead}: {name}",
      cause: "The server's clock is ahead, its times are local instead of UTC, or a client set this time.",
      change: [{ side: "server", what: "Check its clock (NTP), and that MDTM and MLSD tell UTC." }],
      weight: 33,
    },
  },
  async run(visit, tell) {
    const { facted = [], listed = [], features = new Map() } = visit.facts;
    const now = visit.world.now();
    const exact = new Map(facted.map(({ name, facts }) => [name, parseTimestamp(facts.get("modify") ?? "")]));
    const late = [...exact].find(([, time]) => (time ?? 0) > now + TOLERANCE);
    if (late !== undefined) {
      const [name, time = now] = late;
      return [tell.found("times-in-future", { values: { name, ahead: offsetText(time - now).slice(1) } })];
    }
    const dated = listed.find(
      ({ type, precision }) => type === "file" && precision !== undefined && precision !== "day",
    );
    if (dated?.modified === undefined) {
      return [
        tell.unknown(
          "How times in LIST differ from UTC",
          "no file was found whose time LIST tells to the minute",
        ),
      ];
    }
    let time = exact.get(dated.name);
    if (time === undefined) {
      const reply = await (await visit.session()).ask("MDTM", dated.name);
      time = reply.code === 213 ? parseTimestamp(reply.lines[0].trim()) : undefined;
      if (time === undefined && !features.has("MDTM")) {
        return [tell.found("mdtm-missing", { evidence: replyText(reply) })];
      }
    }
    if (time === undefined) return [tell.unknown("How times in LIST differ from UTC", "MDTM told no time")];
    const difference = dated.modified - time;
    if (Math.abs(difference) <= LIST_PRECISION) return [tell.ok("Times in LIST are the same as by MDTM")];
    if (!isZone(difference)) {
      const apart = `LIST and MDTM are ${offsetText(difference).slice(1)} apart about ${dated.name}`;
      return [tell.unknown("How times in LIST differ from UTC", apart)];
    }
    const offset = offsetText(roundedOffset(difference));
    return [tell.found("list-local-time", { values: { offset }, evidence: dated.raw })];
  },
});

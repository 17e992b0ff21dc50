import { type DataOutcome, linesOf, outcomeText, runTransfer } from "../data.js";
import { defineProbe } from "../probe.js";
import type { Visit, Way } from "../visit.js";
import { PASSIVE_MODE_SETTINGS } from "./passive-advice.js";

export const data = defineProbe({
  id: "data",
  section: "Data connections",
  title: "whether a listing comes over a data connection",
  needs: ["login"],
  troubles: {
    "data-none": {
      kind: "problem",
      text: "No data connection can be made at all, passive or active",
      cause:
        "Passive ones are refused, or the server's ports cannot be reached; and the server cannot reach us.",
      change: [
        {
          side: "server",
          what: "Allow passive mode, with a small range of ports.",
          settings: PASSIVE_MODE_SETTINGS,
        },
        { side: "network", what: "Let TCP connections to these ports through, to the server." },
      ],
      weight: 89,
    },
    "data-refused": {
      kind: "problem",
      text: "The server refuses to list the folder",
      cause:
        "The account may not list it, or the server does not see the data connection that we made (425).",
      change: [
        { side: "server", what: "Check the account's permissions for the folder, and the server's log." },
        {
          side: "network",
          what: "For 425: check that one machine answers the control and the passive ports, not several behind a load balancer.",
        },
      ],
      weight: 70,
    },
    "data-tls": {
      kind: "problem",
      text: "TLS does not come about on data connections",
      cause:
        "The control connection's TLS works; on data connections the server, or a firewall that looks into FTP, breaks it off.",
      change: [
        { side: "server", what: "Look into its log for the TLS error of the data connection." },
        { side: "network", what: "Turn FTP inspection off in firewalls between." },
      ],
      weight: 84,
    },
    "data-stalls": {
      kind: "problem",
      text: "The data connection opens, and then nothing comes",
      cause: "The server waits for something, or large packets are lost on the way (MTU).",
      change: [
        { side: "server", what: "Look into its log." },
        {
          side: "network",
          what: 'Check VPNs and tunnels on the way for packets that are too large (ICMP "fragmentation needed" must pass).',
        },
      ],
      weight: 76,
    },
    "data-breaks": {
      kind: "problem",
      text: "The data connection breaks in the middle",
      cause: "The server gave up, or a firewall between resets it.",
      change: [{ side: "server", what: "Look into its log for the reason." }],
      weight: 74,
    },
    "data-unconfirmed": {
      kind: "problem",
      text: "All the data come, and then the server does not say that it is done",
      cause: "A firewall has forgotten the control connection, or the server is stuck behind the transfer.",
      change: [
        {
          side: "network",
          what: "Allow idle TCP connections for longer in firewalls and NAT routers between.",
        },
        { side: "server", what: "Look into its log." },
      ],
      weight: 72,
    },
    "data-way-fails": {
      kind: "problem",
      text: "Transfers over {way} fail, though its ports can be reached",
      cause: "Over another way the same listing comes. Clients that choose {way} get nothing.",
      change: [
        { side: "server", what: "Look into its log for the reason." },
        { side: "network", what: "Turn FTP inspection off in firewalls between." },
      ],
      weight: 77,
    },
  },
  async run(visit, tell) {
    const { facts, subject, proxied } = visit;
    const passive = facts.passive ?? [];
    const ways: Way[] = subject.active
      ? ["active", ...passive]
      : [...passive, ...(proxied ? [] : ["active" as const])];
    const failed: { readonly way: Way; readonly outcome: Exclude<DataOutcome, { kind: "done" }> }[] = [];
    for (const way of ways) {
      const outcome = await listing(visit, way);
      if (outcome.kind === "done") {
        facts.way = way;
        facts.listing = linesOf(outcome);
        return [
          tell.ok(
            `A listing comes over ${way === "active" ? "an active" : `a passive (${way})`} data connection`,
          ),
          // Active ones have a probe of their own.
          ...failed
            .filter((each) => each.way !== "active")
            .map((each) =>
              tell.found("data-way-fails", {
                values: { way: each.way },
                evidence: outcomeText(each.outcome),
              }),
            ),
        ];
      }
      failed.push({ way, outcome });
    }
    const ids = failed.map(({ outcome }) => TROUBLE_OF[outcome.kind]);
    const texts = new Set(failed.map(({ outcome }) => outcomeText(outcome)));
    return [
      tell.found(ids.find((id) => id !== "data-none") ?? "data-none", {
        evidence: [...texts].join("; ") || undefined,
      }),
    ];
  },
});

/** As clients do it: TLS resumed; where that alone fails, without. */
async function listing(visit: Visit, way: Way): Promise<DataOutcome> {
  const first = await runTransfer(visit, await visit.session(), { verb: "LIST", way });
  if (first.kind === "done" || visit.facts.protection !== "private") return first;
  const second = await runTransfer(visit, await visit.session(), { verb: "LIST", way, resume: false });
  if (second.kind !== "done") return first;
  visit.facts.resume = false;
  return second;
}

const TROUBLE_OF = {
  "way-refused": "data-none",
  "no-port": "data-none",
  unreached: "data-none",
  refused: "data-refused",
  "never-came": "data-none",
  handshake: "data-tls",
  stalled: "data-stalls",
  broken: "data-breaks",
  unconfirmed: "data-unconfirmed",
  failed: "data-breaks",
} as const;

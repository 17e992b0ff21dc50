import { scopeOf } from "../address-scope.js";
import { outcomeText, runTransfer } from "../data.js";
import type { Advice } from "../finding.js";
import { defineProbe } from "../probe.js";

const USE_PASSIVE: Advice = {
  side: "client",
  what: "Use passive mode, which is the default: there the server need not reach you.",
};

export const active = defineProbe({
  id: "active",
  section: "Data connections",
  title: "active data connections (PORT, EPRT)",
  needs: ["login"],
  troubles: {
    "active-refused": {
      kind: "note",
      text: "The server allows no active mode",
      cause:
        "It is turned off, as most public servers have it, or a NAT router between has changed our address.",
      change: [
        USE_PASSIVE,
        { side: "server", what: "Allow active mode.", settings: { vsftpd: "port_enable=YES" } },
      ],
      weight: 12,
    },
    "active-nat": {
      kind: "note",
      text: "The server cannot connect back to us: our address, {address}, is one of a private network",
      cause: "NAT stands between, and nobody outside can connect to an address inside.",
      change: [
        USE_PASSIVE,
        {
          side: "network",
          what: "For active mode: forward a range of ports to this machine, and tell the client the address outside.",
        },
      ],
      weight: 14,
    },
    "active-unreachable": {
      kind: "note",
      text: "The server cannot connect back to us",
      cause: "A firewall here refuses connections from outside, or the server may not make any.",
      change: [
        USE_PASSIVE,
        { side: "client", what: "For active mode: let connections from the server's port 20 in." },
      ],
      weight: 13,
    },
  },
  applies: ({ proxied, facts, subject }) => !proxied && (facts.way !== undefined || subject.active),
  async run(visit, tell) {
    const { facts, subject } = visit;
    if (facts.way === "active") return [tell.ok("Active data connections work: the server reaches us")];
    const session = await visit.session();
    const address = session.localAddress;
    const outcome = await runTransfer(visit, session, { verb: "LIST", way: "active" });
    if (outcome.kind === "done") return [tell.ok("Active data connections work: the server reaches us")];
    const details = { evidence: outcomeText(outcome), ...(subject.active && { kind: "problem" as const }) };
    if (outcome.kind === "way-refused") return [tell.found("active-refused", details)];
    const isBehindNat = scopeOf(address) === "private" && scopeOf(visit.address) === "public";
    return isBehindNat
      ? [tell.found("active-nat", { ...details, values: { address } })]
      : [tell.found("active-unreachable", details)];
  },
});

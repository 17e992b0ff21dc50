import { isIP } from "node:net";
import { systemCode } from "../../errors.js";
import { defineProbe } from "../probe.js";

export const addresses = defineProbe({
  id: "addresses",
  section: "Connection",
  title: "the addresses of the host name",
  needs: [],
  troubles: {
    "name-unknown": {
      kind: "problem",
      text: "The name {host} leads to no address",
      cause: "It is not in DNS, it is misspelt, or this machine cannot ask its DNS server.",
      change: [
        { side: "client", what: "Check the spelling of the host in the URL, and this machine's DNS server." },
        { side: "server", what: "Have an A or AAAA record for the name made in DNS." },
      ],
      weight: 100,
    },
  },
  async run({ subject: { host }, world, facts, proxied }, tell) {
    const family = isIP(host);
    if (family === 4 || family === 6) {
      facts.addresses = [{ address: host, family }];
      return [];
    }
    if (proxied) {
      facts.addresses = [{ address: host, family: 4 }];
      return [tell.ok("The proxy looks the name up")];
    }
    try {
      const found = await world.lookup(host);
      if (found.length > 0) {
        facts.addresses = found;
        return [tell.ok(`${host} is ${found.map(({ address }) => address).join(" and ")}`)];
      }
    } catch (error) {
      return [tell.found("name-unknown", { values: { host }, evidence: systemCode(error) })];
    }
    return [tell.found("name-unknown", { values: { host } })];
  },
});

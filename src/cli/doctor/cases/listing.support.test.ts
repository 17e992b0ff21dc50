import { Buffer } from "node:buffer";
import { examined, sendData } from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";

const FEATURES = (...names: string[]) => ["211-Features:", ...names.map((name) => ` ${name}`), "211 End"];
const LATIN = Buffer.from("-rw-r--r-- 1 a b 5000 Nov 20 11:30 caf\xe9.bin\r\n", "latin1");

export const listingCases: Cases = {
  "list-unreadable": () =>
    examined({ script: { answers: { LIST: (peer) => sendData(peer, "<li>file.bin</li>\r\n") } } }),
  "mlsd-missing": () => examined({ script: { answers: { FEAT: FEATURES("UTF8", "SIZE", "MDTM") } } }),
  "mlsd-broken": () => examined({ script: { answers: { MLSD: "500 What?" } } }),
  "names-not-utf8": () => examined({ script: { answers: { LIST: (peer) => sendData(peer, LATIN) } } }),
  "names-legacy": () =>
    examined({ script: { answers: { FEAT: FEATURES("SIZE"), LIST: (peer) => sendData(peer, LATIN) } } }),
  "utf8-missing": () => examined({ script: { answers: { FEAT: FEATURES("SIZE", "MDTM") } } }),
  "mdtm-missing": () =>
    examined({ script: { answers: { FEAT: FEATURES("UTF8", "SIZE"), MDTM: "500 What?" } } }),
  "list-local-time": () =>
    examined({
      script: {
        answers: { LIST: (peer) => sendData(peer, "-rw-r--r-- 1 a b 5000 Nov 20 13:30 file.bin\r\n") },
      },
    }),
  "times-in-future": () =>
    examined({
      script: {
        answers: {
          MLSD: (peer) => sendData(peer, "type=file;size=5000;modify=20261120140000; file.bin\r\n"),
        },
      },
    }),
};

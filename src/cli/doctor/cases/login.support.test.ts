import { examined, SOON } from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";

export const loginCases: Cases = {
  "login-refused": () => examined({ script: { answers: { PASS: "530 Login incorrect." } } }),
  "login-needs-tls": () =>
    examined({ script: { answers: { USER: "530 Non-anonymous sessions must use encryption." } } }),
  "login-account": () => examined({ script: { answers: { PASS: "332 Account, please." } } }),
  "login-full": () => examined({ script: { answers: { PASS: "421 Too many sessions." } } }),
  "login-odd": () => examined({ script: { answers: { PASS: "550 Whatever." } } }),
  "login-oops": () =>
    examined({
      script: { answers: { PASS: "500 OOPS: vsftpd: refusing to run with writable root inside chroot()" } },
    }),
  "folder-missing": () =>
    examined({ script: { answers: { CWD: "550 No.", SIZE: "550 No." } }, subject: { path: "no/such" } }),
  "feat-missing": () => examined({ script: { answers: { FEAT: "500 What?" } } }),
  "connection-lost": () => examined({ script: { answers: { SYST: (peer) => peer.end() } } }),
  "no-answer": () => examined({ script: { answers: { SYST: () => {} } }, subject: { timeout: SOON } }),
};

/** All probes, in the order in which they are made: each may use what those before it have found out. */
import type { Probe } from "../probe.js";
import { abort } from "./abort.js";
import { active } from "./active.js";
import { addresses } from "./addresses.js";
import { certificate } from "./certificate.js";
import { charset } from "./charset.js";
import { clock } from "./clock.js";
import { data } from "./data.js";
import { epsv } from "./epsv.js";
import { greeting } from "./greeting.js";
import { idle } from "./idle.js";
import { list } from "./list.js";
import { login } from "./login.js";
import { mlsd } from "./mlsd.js";
import { pasv } from "./pasv.js";
import { protection } from "./protection.js";
import { reach } from "./reach.js";
import { restart } from "./restart.js";
import { server } from "./server.js";
import { sessions } from "./sessions.js";
import { size } from "./size.js";
import { tls } from "./tls.js";
import { tlsReuse } from "./tls-reuse.js";
import { tlsVersions } from "./tls-versions.js";
import { writing } from "./writing.js";

export const PROBES: readonly Probe[] = [
  addresses,
  reach,
  greeting,
  tls,
  certificate,
  tlsVersions,
  login,
  server,
  protection,
  epsv,
  pasv,
  data,
  tlsReuse,
  active,
  list,
  mlsd,
  charset,
  clock,
  size,
  restart,
  abort,
  idle,
  sessions,
  writing,
];

import { pureFtpd } from "../../support/real-servers/index.js";
import { realServerTests } from "./suites/all.js";

realServerTests(pureFtpd);

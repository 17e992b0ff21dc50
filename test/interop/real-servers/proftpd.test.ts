import { proftpd } from "../../support/real-servers/index.js";
import { realServerTests } from "./suites/all.js";

realServerTests(proftpd);

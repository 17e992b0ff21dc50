import { inetutils } from "../../support/real-servers/index.js";
import { realServerTests } from "./suites/all.js";

realServerTests(inetutils);

import { pyftpdlib } from "../../support/real-servers/index.js";
import { realServerTests } from "./suites/all.js";

realServerTests(pyftpdlib);

/** One line of commands while it runs: in the foreground, or behind the prompt. */
import type { ProgressDisplay } from "../../client/progress-display.js";

export type JobState = "running" | "done" | "failed" | "stopped";

export type JobPlace = "foreground" | "background";

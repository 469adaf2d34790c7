// All commands, in the order in which the help shows them. A new one is its file and a line here.
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { replayCommand } from "./replay.ts";

/** Each makes its command anew. */
export const commands: readonly (() => CommandUnknownOpts)[] = [replayCommand];

// All commands, in the order in which the help shows them. A new one is its file and a line here.
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { bestCommand } from "./best.ts";
import { replayCommand } from "./replay.ts";
import { tableCommand } from "./table.ts";

/** Each makes its command anew. */
export const commands: readonly (() => CommandUnknownOpts)[] = [
  tableCommand,
  bestCommand,
  replayCommand,
];

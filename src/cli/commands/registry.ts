// All commands, in the order in which the help shows them. A new one is its file and a line here.
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { baselineCommand } from "./baseline.ts";
import { benchCommand } from "./bench.ts";
import { bestCommand } from "./best.ts";
import { checkCommand } from "./check.ts";
import { controlsCommand } from "./controls.ts";
import { dataCommand } from "./data.ts";
import { doctorCommand } from "./doctor.ts";
import { listCommand } from "./list.ts";
import { packCommand } from "./pack.ts";
import { profileCommand } from "./profile.ts";
import { replayCommand } from "./replay.ts";
import { reportCommand } from "./report.ts";
import { schemaCommand } from "./schema.ts";
import { setupCommand } from "./setup.ts";
import { statusCommand } from "./status.ts";
import { tableCommand } from "./table.ts";
import { taskCommand } from "./task.ts";
import { ticketCommand } from "./ticket.ts";
import { tuneCommand } from "./tune.ts";

/** Each makes its command anew. */
export const commands: readonly (() => CommandUnknownOpts)[] = [
  benchCommand,
  tableCommand,
  statusCommand,
  reportCommand,
  tuneCommand,
  bestCommand,
  ticketCommand,
  controlsCommand,
  baselineCommand,
  checkCommand,
  listCommand,
  dataCommand,
  packCommand,
  schemaCommand,
  setupCommand,
  doctorCommand,
  replayCommand,
  profileCommand,
  taskCommand,
];

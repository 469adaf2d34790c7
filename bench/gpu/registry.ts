// All stages of `deno task gpu`, in their order. A new one is its file and a line here.
import type { Stage } from "./stage.ts";
import { agreement } from "./stages/agreement.ts";
import { ceilings } from "./stages/ceilings.ts";
import { goldens } from "./stages/goldens.ts";
import { jobs } from "./stages/jobs.ts";
import { machine } from "./stages/machine.ts";
import { peers } from "./stages/peers.ts";
import { profiles } from "./stages/profile.ts";
import { repeat } from "./stages/repeat.ts";
import { sanitizer } from "./stages/sanitizer.ts";
import { sweep } from "./stages/sweep.ts";
import { tests } from "./stages/tests.ts";
import { whole } from "./stages/whole.ts";

/** All stages, in the order in which they are done and reported. */
export const stages: readonly Stage[] = [
  machine,
  tests,
  goldens,
  ceilings,
  profiles,
  peers,
  jobs,
  sanitizer,
  agreement,
  repeat,
  whole,
  sweep,
];

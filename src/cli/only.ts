// --only KEY=VALUE: some of the runs.
import { Option } from "@commander-js/extra-typings";

/** May be repeated; see `pick`. */
export const onlyOption = () =>
  new Option(
    "--only <key=value>",
    "only runs with this network, algorithm, sparsity, seed, …; may be repeated",
  ).default([] as string[]).argParser((pair: string, before: string[]) => [...before, pair]);

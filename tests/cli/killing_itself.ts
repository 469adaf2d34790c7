// Works a sweep off as bench does, in a process that is killed as soon as edge-popup's run takes a step: as a system does
// that is short of memory.
import { openNative } from "../../src/native/toolchain/setup.ts";
import { datasetOf } from "../../src/runner/dataset_cache.ts";
import { quietListener } from "../../src/runner/progress.ts";
import { Runner } from "../../src/runner/runner.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { readSweep } from "../../src/sweep/read.ts";

const [file, folder] = Deno.args as [string, string];
const { path: library } = await openNative();
const sweep = await readSweep(file, file);
const runs = configurationsOf(sweep, await datasetOf({ name: sweep.dataset, split: "test" }, []));
await new Runner(runs, {
  folder,
  library,
  dataFolders: [],
  execution: {
    ...{ device: "cpu", threads: 1, jobs: 2 },
    ...{ retry: false, redo: false, controls: false, saveMask: false },
  },
  listener: {
    ...quietListener,
    progress: ({ algorithm }) => {
      if (algorithm.name === "edge-popup") Deno.kill(Deno.pid, "SIGKILL");
    },
  },
}).execute();

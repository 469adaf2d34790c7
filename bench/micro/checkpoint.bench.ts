// What a checkpoint costs: taken by the run's thread, then written by another while the run goes on; next to it a hundredth of
// an epoch of 50,000 pictures, on one thread.
import { join } from "node:path";
import { writeFileAtomically } from "../../src/base/atomic_files.ts";
import { createStepper, stepConfigOf } from "../../src/diagnostics/profile.ts";
import { setThreads } from "../../src/native/mod.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { type CheckpointRecord, encodeCheckpoint } from "../../src/runs/checkpoint_file.ts";
import { StateSnapshots, streamStatesOf } from "../../src/training/checkpoint.ts";

await openNative();
setThreads(1);
const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const environment: CheckpointRecord["environment"] = {
  ...{ maskbench: "", commit: "", deno: "", libtorch: "", blas: "", processor: "", system: "" },
  ...{ device: "cpu", threads: 1, jobs: 1, started: "2023-04-23T00:00:00Z" },
};

for (const network of ["mlp", "conv4", "conv8"]) {
  const config = stepConfigOf(network, "sbp", 128);
  const { step, setup, weights } = createStepper(config, "cpu", new DisposableStack());
  const copies = new StateSnapshots(setup);
  const take = () => ({ ...copies.take(), streams: streamStatesOf(setup) });
  const checkpoint: CheckpointRecord["checkpoint"] = {
    ...{ ...take(), epoch: 1, step: 391, epochs: [], mask: new Uint8Array(weights) },
    firstBatch: "0".repeat(64),
    spent: {
      train: 1,
      evaluation: 1,
      total: 1,
      images: 1,
      peakMemoryBytes: 1,
      speed: { stretches: 0, every: 1, samples: [] },
    },
  };
  const path = join(folder, `${network}.safetensors`);
  const kept = { identity: "0".repeat(64), environment, checkpoint };
  const room = encodeCheckpoint(kept);
  let t = 0;
  Deno.bench(`${network}: 4 of 391 steps`, { group: network, baseline: true, n: 5 }, () => {
    for (let i = 0; i < 4; i++) step(t++);
  });
  Deno.bench(`${network}: taken`, { group: network, n: 20 }, () => void (take().inUse[0] = 0));
  Deno.bench(`${network}: written`, { group: network, n: 20 }, async () => {
    await writeFileAtomically(path, encodeCheckpoint(kept, room));
  });
}

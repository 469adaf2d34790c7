// One training step of edge-popup by network: batch to updated mask, batch 128.
import { availableParallelism } from "node:os";
import { createStepper, stepConfigOf } from "../../src/diagnostics/profile.ts";
import { setThreads } from "../../src/native/mod.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { networks } from "../../src/networks/registry.ts";

await openNative();
setThreads(availableParallelism());

for (const { name, inputShape } of networks) {
  if (inputShape[1] > 32) continue; // a batch of 224 × 224 takes a processor minutes
  const { step } = createStepper(
    stepConfigOf(name, "edge-popup", 128),
    "cpu",
    new DisposableStack(),
  );
  let t = 0;
  Deno.bench(name, { group: "step", n: 10, warmup: 2 }, () => step(t++));
}

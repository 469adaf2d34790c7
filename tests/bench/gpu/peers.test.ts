// The peers' stage goes on where an earlier start of it was ended, with a Python that only says figures.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../../library.ts";
import { readReport } from "../../../bench/gpu/report.ts";
import type { Peers } from "../../../bench/gpu/stages/peers.ts";
import { maskbench, withFolder } from "../../cli/maskbench.ts";

// The first time the step's script fails after one of its two figures.
const python = `#!/bin/sh
here=$(dirname "$0")
case $* in
  -c*) echo '["2.0", null]' ;;
  *published_loop.py*)
    echo loop >>"$here/calls"
    echo '{"network":"conv2","imagesPerSecond":7,"workers":1,"pictures":"PIL","torch":"2.0"}' ;;
  *)
    echo steps >>"$here/calls"
    step() { echo '{"network":"mlp","selection":"'$1'","precision":"float32","msPerStepOfStretch":'$2',"torch":"2.0"}'; }
    step sort 1
    [ "$(grep -c steps "$here/calls")" = 1 ] && { echo "no memory" >&2; exit 1; }
    step kthvalue 2 ;;
esac
`;

Deno.test("gpu measures a network in PyTorch again when only half of it was measured", async () => {
  await withFolder(async (folder) => {
    const PYTHON = join(folder, "python");
    await Deno.writeTextFile(PYTHON, python, { mode: 0o755 });
    const start = async () => {
      const args = ["--device", "cpu", "--stages", "peers", "--out", join(folder, "report")];
      await maskbench(args, { PYTHON }, "gpu");
      const { state, reason, result } = (await readReport(join(folder, "report")))!.stages.peers!;
      const { loop, steps } = result as Peers;
      const calls = (await Deno.readTextFile(join(folder, "calls"))).trim().split("\n");
      return { state, reason, loop, steps: steps.map(({ selection }) => selection), calls };
    };
    const first = await start();
    assert.equal(first.state, "failed");
    assert.match(first.reason!, /no memory/);
    assert.deepEqual(first.steps, ["sort"]);
    const second = await start();
    assert.equal(second.state, "done", second.reason);
    assert.deepEqual(second.loop, first.loop);
    assert.deepEqual(second.steps, ["sort", "kthvalue"]);
    assert.deepEqual(second.calls, ["loop", "steps", "steps"]);
  });
});

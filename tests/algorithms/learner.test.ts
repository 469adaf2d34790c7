// What every learner owes to those who train and replay it: it names what it learns, and its mask changes nothing.
import assert from "node:assert/strict";
import { algorithms } from "../../src/algorithms/registry.ts";
import { alone } from "./alone.ts";

for (const { name, learns, masks } of algorithms) {
  Deno.test(`${name}: latent is the vector of the state that steps change, null when nothing is learnt`, () => {
    using free = new DisposableStack();
    const { learner, batch, noiseOf } = alone(name, {}, { sparsity: 0.5, steps: 4 }, free);
    if (learns === null) return assert.equal(learner.latent, null);
    assert.ok(Object.values(learner.state).includes(learner.latent!));
    const before = noiseOf(0);
    learner.latent!.upload(before);
    learner.before?.(0);
    learner.step(batch, 0, 0.1);
    assert.notDeepEqual(learner.latent!.download(), before);
  });

  Deno.test(`${name}.mask() gives the same bits, and changes neither state nor weights, when it is called again`, () => {
    using free = new DisposableStack();
    const { learner, batch, weights } = alone(name, {}, { sparsity: 0.5, steps: 4 }, free);
    for (let t = 0; t < 3; t++) {
      learner.before?.(t);
      learner.step(batch, t, 0.1);
    }
    const all = () => [weights, ...Object.values(learner.state)].map((each) => each.download());
    const before = all(), bits = learner.mask()?.download();
    assert.equal(bits === undefined, !masks);
    assert.deepEqual(all(), before);
    learner.finalise?.();
    assert.deepEqual(learner.mask()?.download(), bits);
  });
}

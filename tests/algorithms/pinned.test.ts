// What every algorithm does is pinned with its version: a run's identity holds the version, so that a step that changes
// without it would take finished runs for its own. A test that fails here asks for a higher version, and for the new
// trajectory with it; a change that leaves the mathematics as they were moves none of these numbers.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { algorithms } from "../../src/algorithms/registry.ts";
import { alone } from "./alone.ts";

interface Trajectory {
  readonly version: number;
  /** SHA-256 of the mask at the end, a byte for each weight, its first 16 digits; empty without a mask. */
  readonly mask: string;
  /** The first entries of what is learnt at the end, and its mean magnitude; nothing where nothing is learnt. */
  readonly learnt: readonly number[];
}

const pinned: Readonly<Record<string, Trajectory>> = {
  "biprop": {
    version: 1,
    mask: "2d385163cfd2aec0",
    learnt: [-0.340881, 0.301631, 0.043477, 0.239129, 0.242854, -0.004155],
  },
  "dense": {
    version: 1,
    mask: "",
    learnt: [0.379441, -0.303876, 0.112701, 0.235609, 0.256721, 7.099546],
  },
  "edge-popup": {
    version: 1,
    mask: "bca9457eda71b351",
    learnt: [-0.349689, 0.301911, 0.04031, 0.231432, 0.24278, -0.064175],
  },
  "gem-miner": { version: 1, mask: "07ec9bf950252d02", learnt: [0, 0, 0, 0, 0, 0] },
  "iterand": {
    version: 2,
    mask: "67326bbfd4981a9b",
    learnt: [-0.815277, 0.703085, 0.108166, 0.590639, 0.593876, 1.280937],
  },
  "magnitude": {
    version: 1,
    mask: "359c21842967f5d9",
    learnt: [0, -0.302858, 0, 0, 0.162336, 4.578575],
  },
  "prob-mask": {
    version: 2,
    mask: "8e0bf2c5a3a62699",
    learnt: [0.704587, 0, 0.732871, 0.059758, 0.399997, 2.947348],
  },
  "random": { version: 1, mask: "d4d162082e2e38d5", learnt: [2.075925] },
  "random-trained": {
    version: 1,
    mask: "d4d162082e2e38d5",
    learnt: [0, 0, 0, 0, 0.103146, 1.580389],
  },
  "sbp": {
    version: 1,
    mask: "fe62b8e44fdf129c",
    learnt: [0.184127, 0.759998, 0.545998, 0.735735, 0.515439, -0.017664],
  },
  "smart-ratio": { version: 1, mask: "e4293f95ff6f22c3", learnt: [2.476007] },
  "zhou": {
    version: 1,
    mask: "b345d72c8b22f3cb",
    learnt: [-0.746286, -0.112154, -0.361089, -0.163017, 0.397556, 0.649771],
  },
};

const STEPS = 8;

function trajectoryOf(name: string): Trajectory {
  using free = new DisposableStack();
  const { version } = algorithms.find((algorithm) => algorithm.name === name)!;
  const { learner, batch, weights } = alone(name, {}, { sparsity: 0.6, steps: STEPS }, free);
  for (let t = 0; t < STEPS && learner.latent; t++) {
    learner.before?.(t);
    learner.step(batch, t, 0.1);
  }
  learner.finalise?.();
  const mask = learner.mask()?.download();
  const values = learner.latent ? [...learner.latent.download()] : [];
  const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  const masked = [...weights.download()].reduce(
    (sum, value, i) => sum + value * (mask?.[i] ?? 1),
    0,
  );
  return {
    version,
    mask: mask ? createHash("sha256").update(Uint8Array.from(mask)).digest("hex").slice(0, 16) : "",
    learnt: [...values.slice(0, 4), ...(values.length > 0 ? [mean] : []), masked]
      .map((value) => Number(value.toFixed(6))),
  };
}

for (const { name } of algorithms) {
  Deno.test(`${name} gives the trajectory that is pinned with its version`, () => {
    const found = trajectoryOf(name), expected = pinned[name];
    assert.ok(expected, `pin it: ${JSON.stringify({ [name]: found })}`);
    const message = `its step is another one: raise its version, and pin ${JSON.stringify(found)}`;
    assert.equal(found.version, expected.version, message);
    assert.equal(found.mask, expected.mask, message);
    assert.equal(found.learnt.length, expected.learnt.length, message);
    found.learnt.forEach((value, i) =>
      assert.ok(Math.abs(value - expected.learnt[i]!) < 2e-5 * (1 + Math.abs(value)), message)
    );
  });
}

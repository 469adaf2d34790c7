// Algorithms each of which breaks exactly one thing that an algorithm must be, for the proofs to find.
import {
  type Algorithm,
  descend,
  descentParameters,
  keptSegmentsOf,
  projectTopK,
  scopeParameter,
  Vector,
} from "maskbench";
import { z } from "zod";

const parameters = z.strictObject({
  ...descentParameters({ learningRate: { default: 0.1 } }),
  scope: scopeParameter("global"),
});

/** What is wrong with it; without a fault it is edge-popup by the scores' value. */
interface Fault {
  readonly more?: number;
  readonly forgets?: boolean;
  readonly readsClock?: boolean;
  readonly wrongSign?: boolean;
  readonly leaks?: boolean;
  readonly half?: boolean;
  readonly shares?: boolean;
}

/** What the run that began last descends with. */
let latest: Vector | undefined;

const faulty = (name: string, fault: Fault): Algorithm<z.infer<typeof parameters>> => ({
  name,
  summary: "one thing wrong",
  source: "a test",
  role: "method",
  version: 1,
  masks: true,
  learns: "mask",
  parameters,
  start({ network, weights, segments, sparsity, metrics, vector, drawLatent }, p) {
    const scores = vector(), velocity = vector(), gradient = vector(), mask = vector();
    const kept = keptSegmentsOf(segments, sparsity, p.scope);
    const { momentum, weightDecay } = p;
    const select = (more = 0) =>
      projectTopK(
        scores,
        kept.map((one) => ({ ...one, kept: one.kept + more })),
        { by: "value" },
        mask,
      );
    drawLatent(scores);
    latest = velocity;
    if (fault.leaks) new Vector(10, "float32");
    return {
      state: fault.forgets ? { scores } : { scores, velocity },
      latent: scores,
      step(batch, _t, rate) {
        select();
        network.maskGradient(weights, mask, batch, gradient, metrics);
        if (fault.wrongSign) gradient.negate();
        const now = fault.readsClock ? rate * (1 + performance.now() % 1) : rate;
        descend(scores, fault.shares ? latest! : velocity, gradient, {
          rate: now,
          momentum,
          weightDecay,
        });
      },
      mask() {
        select(fault.more);
        if (fault.half) mask.affine(0.5, 0);
        return mask;
      },
    };
  },
});

/** With the proof that must fail, and no other; the first has no fault. */
export const expected: Readonly<Record<string, readonly [proof: string, sentence: RegExp] | null>> =
  {
    "sound": null,
    "one-too-many": [
      "a mask of zeros and ones, within k",
      /keeps 697 weights of the network: expected at most k = 696/,
    ],
    "half-a-mask": [
      "a mask of zeros and ones, within k",
      /an entry of the mask is 0\.5: expected 0 or 1/,
    ],
    "forgetful": ["the same bytes when it is stopped and goes on", /`state` does not hold all/],
    "clockwise": [
      "the same bytes again",
      /gives a loss of [\d.]+ in epoch 1 instead of [\d.]+: does a step read the clock/,
    ],
    "uphill": [
      "a step that descends",
      /steps on one batch take its loss from [\d.]+ to [\d.]+: .*right sign/,
    ],
    "sociable": [
      "the same bytes next to others",
      /with another run in the same process, 10 steps leave another state than alone/,
    ],
    "leaky": ["nothing is kept", /1 vectors or other handles are left after a run/],
  };

const faults: Readonly<Record<string, Fault>> = {
  "sound": {},
  "one-too-many": { more: 1 },
  "half-a-mask": { half: true },
  "forgetful": { forgets: true },
  "clockwise": { readsClock: true },
  "uphill": { wrongSign: true },
  "sociable": { shares: true },
  "leaky": { leaks: true },
};

export const algorithms = Object.entries(faults).map(([name, fault]) => faulty(name, fault));

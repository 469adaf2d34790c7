// A thread of step.test.ts: from every start it records a step, takes it some times and frees it.
import { device } from "../library.ts";
import { RecordedStep, Vector } from "../../src/native/mod.ts";

export interface Task {
  readonly starts: readonly number[];
  readonly times: number;
}

// The worker's side of its channel, which the types of a main thread don't have.
const channel = self as unknown as {
  postMessage(outcomes: number[]): void;
  onmessage: (event: MessageEvent<Task>) => void;
};

channel.onmessage = ({ data: { starts, times } }) =>
  channel.postMessage(starts.map((start) => {
    using vector = Vector.from(Float32Array.of(start), "float32", device);
    using step = new RecordedStep(device);
    for (let t = 0; t < times; t++) step.run(0, () => vector.affine(2, 1));
    return vector.download()[0]!;
  }));

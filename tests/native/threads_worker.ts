// A thread of library.test.ts: it sets its number of threads, and computes when asked to.
import "../library.ts";
import { setThreads, Vector } from "../../src/native/mod.ts";

// The worker's side of its channel, which the types of a main thread don't have.
const channel = self as unknown as {
  postMessage(what: string): void;
  onmessage: (event: MessageEvent<string>) => void;
};

channel.onmessage = ({ data }) => {
  if (data === "compute") {
    using vector = new Vector(4_000_000, "float32", "cpu");
    vector.affine(2, 1);
  } else {
    setThreads(1);
  }
  channel.postMessage(data);
};

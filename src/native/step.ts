// A training step that is recorded once and replayed: on CUDA it costs the host one launch.
import { Handle } from "./handle.ts";
import { checkStatus, type Device, deviceCodes, NativeError, nativeFunctions } from "./library.ts";

/**
 * Runs steps that consist of the same native calls each time, and differ in numbers alone (which batch, which rate). On
 * CUDA the calls are recorded as a graph; from then on they only hand over their numbers. Elsewhere they are carried out
 * as they come.
 */
export class RecordedStep extends Handle {
  /** A step that is not recorded yet. @param device where the vectors, batches and networks of the calls are */
  constructor(readonly device: Device = "cpu") {
    super("step", (out) => nativeFunctions().mb_step_create(deviceCodes[device], out));
  }

  /**
   * Runs one step.
   * @param shape steps of different shapes, such as numbers of pictures, are recorded separately
   * @param body makes native calls; it may change nothing else, since it runs again where it can't be recorded
   */
  run(shape: number, body: () => void): void {
    checkStatus(nativeFunctions().mb_step_begin(this.pointer, BigInt(shape)));
    try {
      body();
      checkStatus(nativeFunctions().mb_step_end(this.pointer));
    } catch (error) {
      nativeFunctions().mb_step_abandon(this.pointer); // refused where the end was reached, as there is nothing to abandon then
      if (!(error instanceof NativeError) || error.status !== "unsupported") throw error;
      body(); // it makes calls that can't be recorded: from now on they are made one by one
    }
  }
}

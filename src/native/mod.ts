// The native core as the rest of maskbench sees it.
export { Batch, CROP_PARTS } from "./batch.ts";
export type { Handle } from "./handle.ts";
export {
  DevicePictures,
  type PackedPictures,
  type Pictures,
  type PicturesOptions,
} from "./pictures.ts";
export {
  describeLibrary,
  type Device,
  exitNow,
  type LibraryDescription,
  type LiveObjects,
  measureCopy,
  measureMatmul,
  NativeError,
  type NativeStatus,
  openLibrary,
  openLibraryPath,
  profileStepParts,
  readLiveObjects,
  readWaitedSeconds,
  resetPeak,
  setThreads,
  type StepPart,
} from "./library.ts";
export { type LayerDeviation, MaskedNetwork } from "./network.ts";
export { drawNoise, projectCappedSimplex, relaxMask } from "./probability.ts";
export {
  type AdamOptions,
  descend,
  descendAdam,
  type DescentOptions,
  type KeptSegment,
  type ProjectionOptions,
  projectTopK,
} from "./projection.ts";
export { RecordedStep } from "./step.ts";
export {
  type ArrayOf,
  type DType,
  type ElementArrays,
  Generator,
  type Precision,
  type RealType,
  Vector,
} from "./vector.ts";

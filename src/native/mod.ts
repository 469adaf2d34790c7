// The native core as the rest of maskbench sees it.
export { Batch, CROP_PARTS } from "./batch.ts";
export {
  DevicePictures,
  type PackedPictures,
  type Pictures,
  type PicturesOptions,
} from "./pictures.ts";
export {
  describe,
  type Description,
  type Device,
  exitNow,
  type Live,
  live,
  measureCopy,
  measureMatmul,
  NativeError,
  type NativeStatus,
  openedLibrary,
  openLibrary,
  profileParts,
  resetPeak,
  setThreads,
  type StepPart,
  waited,
} from "./library.ts";
export { type LayerDeviation, MaskedNetwork } from "./network.ts";
export { noise, projectCappedSimplex, relax } from "./probability.ts";
export {
  type AdamOptions,
  descend,
  descendAdam,
  type DescentOptions,
  type KeptSegment,
  type ProjectionOptions,
  projectTopK,
} from "./projection.ts";
export { Step } from "./step.ts";
export {
  type ArrayOf,
  type DType,
  Generator,
  type Precision,
  type RealType,
  Vector,
} from "./vector.ts";

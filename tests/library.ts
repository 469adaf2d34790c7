// Opens the native library for tests that compute, building it if need be. Import it for that alone.
import { openNative } from "../src/native/setup.ts";

await openNative();

// A process of its own that holds a network's layers against plain loops, and tells what it found as a line of JSON: where
// a library corrupts memory, this process ends and not the runs that wait for it.
import { MaskedNetwork, NativeError, openLibrary, setThreads } from "../native/mod.ts";
import { checkLayers, type CheckRequest, LayerFault } from "./layer_check.ts";

const { library, network, precision, device, threads }: CheckRequest = JSON.parse(Deno.args[0]!);
openLibrary(library);
setThreads(threads);
using free = new DisposableStack();
try {
  const masked = free.use(new MaskedNetwork(network, precision, device));
  console.log(JSON.stringify(checkLayers(masked, threads)));
} catch (error) {
  if (!(error instanceof LayerFault || error instanceof NativeError)) throw error;
  console.log(JSON.stringify({ fault: error.message }));
}

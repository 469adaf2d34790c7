// A process of its own that compares a network's layers with plain loops, and prints the outcome as a line of JSON: where a
// library corrupts memory, this process ends and not the runs that wait for it.
import { WriteError, writeFileAtomically } from "../base/atomic_files.ts";
import { MaskedNetwork, NativeError, openLibrary, setThreads } from "../native/mod.ts";
import { checkLayers, type CheckRequest, LayerFault } from "./layer_check.ts";

const request: CheckRequest = JSON.parse(Deno.args[0]!);
const { library, network, precision, device, threads, record } = request;
openLibrary(library);
setThreads(threads);
using resources = new DisposableStack();
try {
  const masked = resources.use(new MaskedNetwork(network, precision, device));
  const outcome = JSON.stringify(checkLayers(masked, threads));
  // Where it can't be written, the layers are checked again next time.
  if (record !== undefined) {
    await writeFileAtomically(record, `${outcome}\n`).catch(ignoreWriteError);
  }
  console.log(outcome);
} catch (error) {
  if (!(error instanceof LayerFault || error instanceof NativeError)) throw error;
  console.log(JSON.stringify({ fault: error.message }));
}

function ignoreWriteError(error: unknown): void {
  if (!(error instanceof WriteError)) throw error;
}

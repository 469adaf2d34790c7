// The projection by size, next to PyTorch's selection by sort and by kthvalue where a python3 with PyTorch is there
// (Debian's python3-torch as /usr/bin/python3, or PYTHON); and the cost of an FFI call.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { nativeFunctions } from "../../src/native/library.ts";
import { Generator, projectTopK, setThreads, Vector } from "../../src/native/mod.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";

await openNative();
const threads = availableParallelism();
setThreads(threads);

Deno.bench("an FFI call that does nothing", { group: "call" }, () => {
  nativeFunctions().mb_abi_version();
});

const peer = startPeer();
await peer?.("sort 10").catch(() => console.error("no PyTorch: only maskbench is measured"));

for (const length of [10_000, 266_200, 4_300_992, 25_600_000]) {
  const values = new Vector(length, "float32"), mask = new Vector(length, "float32");
  new Generator(1).normal(values);
  const group = `half of ${length.toLocaleString("en")} entries`, n = length > 1e6 ? 10 : 100;
  const segments = [{ offset: 0, length, kept: length >> 1 }];
  Deno.bench("maskbench", { group, n, baseline: true }, (b) => {
    values.affine(1.0001, 0); // so that no threshold is found where it was
    b.start();
    projectTopK(values, segments, { by: "magnitude" }, mask);
    b.end();
  });
  if (!peer) continue;
  for (const how of ["sort", "kthvalue"]) {
    Deno.bench(`PyTorch, ${how}`, { group, n }, async () => {
      await peer(`${how} ${length}`);
    });
  }
}

// A Python process that answers each line with one.
function startPeer(): ((line: string) => Promise<void>) | undefined {
  const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
  const script = fileURLToPath(new URL("../peers/selection.py", import.meta.url));
  try {
    const child = new Deno.Command(python, {
      args: [script, String(threads)],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter(), reader = child.stdout.getReader();
    return async (line) => {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      for (let ended = false; !ended;) {
        const { done, value } = await reader.read();
        if (done) throw new Error("the peer ended");
        ended = value.at(-1) === 10; // a line feed
      }
    };
  } catch {
    return undefined;
  }
}

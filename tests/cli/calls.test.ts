// Wrong calls: each gets one sentence, and exit code 2.
import assert from "node:assert/strict";
import { maskbench } from "./maskbench.ts";

const calls: [string[], RegExp][] = [
  [["ticket", "verify"], /missing required argument 'file'/],
  [["table", "bench/quick.json"], /quick\.json is a file: expected a folder that bench wrote to$/m],
  [["bench", "--dry-run", "--out", ""], /a path is empty: expected that of a file or folder$/m],
];

for (const [args, sentence] of calls) {
  Deno.test(`maskbench exits 2 with a sentence when it is called with ${JSON.stringify(args)}`, async () => {
    const { code, out, error } = await maskbench(args);
    assert.equal(code, 2, error);
    assert.match(error, sentence);
    assert.equal(out, "");
    assert.doesNotMatch(error, /os error|^\s+at /m);
  });
}

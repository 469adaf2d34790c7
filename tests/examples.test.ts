// The examples run as their first lines say, what they print is so, and the page of CONTRIBUTING.md fits the code.
import assert from "node:assert/strict";
import { join } from "node:path";
import "./library.ts";
import { readTicket } from "../src/tickets/ticket.ts";
import { maskbench, root, withFolder } from "./cli/maskbench.ts";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const hasPyTorch = await succeeds(python, ["-c", "import torch, numpy"]);
const unless = hasPyTorch ? "" : " (skipped: python3 has no PyTorch)";

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function printedBy(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd: root }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The sums of what is kept, and of all weights, over the layers that are printed. */
function keptIn(printed: string): { kept: number; weights: number; layers: number } {
  const lines = [...printed.matchAll(/^.*: keeps (\d+) of (\d+) weights$/gm)];
  const sum = (group: number) => lines.reduce((total, line) => total + Number(line[group]), 0);
  return { kept: sum(1), weights: sum(2), layers: lines.length };
}

Deno.test("one_run.ts prints an accuracy above chance and half of the weights when it is run", async () => {
  const printed = await printedBy(Deno.execPath(), ["run", "-P=compute", "examples/one_run.ts"]);
  const [, accuracy] = /^test accuracy (\d+\.\d)%$/m.exec(printed)!;
  assert.ok(Number(accuracy) > 20, `${accuracy}%, where chance is 10%`);
  const { kept, weights, layers } = keptIn(printed);
  assert.equal(layers, 5);
  // conv2 of a tenth of the width on pictures of 3 × 32 × 32: two convolutions, three linear layers
  assert.equal(weights, 3 * 6 * 9 + 6 * 6 * 9 + 6 * 16 * 16 * 26 + 26 * 26 + 26 * 10);
  assert.ok(kept <= weights - Math.trunc(0.5 * weights) && kept > 0.4 * weights, `${kept} kept`);
});

Deno.test(`load_mask_in_pytorch.py prints the ticket's mask when my_sweep.json was run${unless}`, () =>
  withFolder(async (folder) => {
    const out = join(folder, "my-sweep");
    const { code, error } = await maskbench([
      ...["bench", "examples/my_sweep.json", "--out", out, "--save-mask", "--only", "seed=1"],
      ...["--only", "sparsity=0.9"],
    ]);
    assert.equal(code, 0, error);
    const table = await Deno.readTextFile(join(out, "table.md"));
    const columns = table.split("\n").find((line) => line.startsWith("|"))!.split("|")
      .map((cell) => cell.trim());
    for (
      const column of [
        "random",
        "edge-popup (scope=layer)",
        "sbp (scope=global)",
        "sbp (scope=layer)",
      ]
    ) {
      assert.ok(columns.includes(column), column);
    }
    const tickets = [...Deno.readDirSync(join(out, "tickets"))].map(({ name }) => name);
    assert.equal(tickets.length, 4);
    if (!hasPyTorch) return;
    for (const name of tickets) {
      const path = join(out, "tickets", name);
      const { mask, configuration } = await readTicket(path);
      const printed = await printedBy(python, ["examples/load_mask_in_pytorch.py", path]);
      assert.ok(printed.startsWith(`${configuration.algorithm.name} on shapes, sparsity 0.9`));
      const { kept, weights } = keptIn(printed);
      assert.equal(weights, mask!.length);
      assert.equal(kept, mask!.reduce((sum, bit) => sum + bit, 0));
    }
  }));

Deno.test("CONTRIBUTING.md's algorithm passes the type check when it stands among the algorithms", async () => {
  const text = await Deno.readTextFile(join(root, "CONTRIBUTING.md"));
  const [, page] = /```ts ignore\n([^]*?)```/.exec(text)!;
  const folder = join(root, "src/algorithms/");
  // It is checked with deno.json's settings only within the checkout; results/ is not versioned.
  const file = await Deno.makeTempFile({ dir: join(root, "results"), suffix: ".ts" });
  try {
    const placed = page!.replaceAll('from "./', `from "${folder}`)
      .replaceAll('from "../', `from "${join(folder, "..")}/`);
    await Deno.writeTextFile(file, placed);
    await printedBy(Deno.execPath(), ["check", "--quiet", file]);
  } finally {
    await Deno.remove(file);
  }
});

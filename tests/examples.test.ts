// The examples run as their first lines say, what they print is so, and the page of CONTRIBUTING.md fits the code.
import assert from "node:assert/strict";
import { join } from "node:path";
import "./library.ts";
import type { Dataset } from "../src/datasets/dataset.ts";
import { loadDataset } from "../src/datasets/registry.ts";
import { readTicket } from "../src/tickets/ticket.ts";
import { imagesOf } from "./datasets/images.ts";
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

Deno.test({
  name:
    `fine_tune_ticket.py trains what the mask keeps when it has a ticket of my_sweep.json${unless}`,
  ignore: unless !== "",
  fn: () =>
    withFolder(async (folder) => {
      const out = join(folder, "my-sweep");
      const { code, error } = await maskbench([
        ...["bench", "examples/my_sweep.json", "--out", out, "--save-mask", "--only", "seed=1"],
        ...["--only", "sparsity=0.5", "--only", "algorithm=edge-popup"],
      ]);
      assert.equal(code, 0, error);
      const [ticket] = [...Deno.readDirSync(join(out, "tickets"))].map(({ name }) => name);
      const path = join(out, "tickets", ticket!);
      const { mask, accuracy } = await readTicket(path);
      const data = join(folder, "data.npz");
      await writeNpz(data, await loadDataset("shapes", []), folder);
      const printed = await printedBy(python, ["examples/fine_tune_ticket.py", path, data, "1"]);
      const [, before, after] = /alone: (\S+)\n.*epochs: (\S+)\n/.exec(printed)!.map(Number);
      assert.ok(Math.abs(before! - accuracy) < 0.002, `${printed}, recorded is ${accuracy}`);
      assert.ok(after! > before! + 0.05, printed);
      const kept = mask!.reduce((sum, bit) => sum + bit, 0);
      assert.ok(
        printed.endsWith(`are not 0: ${kept} of ${mask!.length}, ${kept} of them in the mask\n`),
        printed,
      );
    }),
});

// NumPy writes the file, of raw pictures, (count, channels, height, width), and labels.
async function writeNpz(path: string, { train, test, shape }: Dataset, folder: string) {
  const arrays = ["train", "test"].map((name) => `${name}.u8`);
  for (const [i, split] of [train, test].entries()) {
    await Deno.writeFile(join(folder, arrays[i]!), imagesOf(split));
    await Deno.writeFile(join(folder, `${arrays[i]}.labels`), Uint8Array.from(split.labels));
  }
  const read = (name: string) => `np.fromfile(${JSON.stringify(join(folder, name))}, np.uint8)`;
  const [x_train, x_test] = arrays.map((name) =>
    `${read(name)}.reshape(-1, ${shape.join(", ")}).transpose(0, 2, 3, 1)`
  );
  const [y_train, y_test] = arrays.map((name) => read(`${name}.labels`));
  const program = `import numpy as np
np.savez(${
    JSON.stringify(path)
  }, x_train=${x_train}, x_test=${x_test}, y_train=${y_train}, y_test=${y_test})`;
  await printedBy(python, ["-c", program]);
}

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

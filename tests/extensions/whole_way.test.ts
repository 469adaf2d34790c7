// docs/extending.md's whole way, by its own commands and its own sweep, in a folder outside of the checkout.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { imagesOf } from "../datasets/images.ts";
import { loadDataset } from "../../src/datasets/registry.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";

const python = Deno.env.get("PYTHON") ?? "/usr/bin/python3";
const hasPyTorch = await new Deno.Command(python, {
  args: ["-c", "import torch, numpy"],
  stderr: "null",
})
  .output().then(({ success }) => success, () => false);

async function inPython(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, { args, cwd: root }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

// The digits as somebody's own archive, (count, height, width) bytes under Keras' names.
async function writePictures(folder: string): Promise<void> {
  const { train, test } = await loadDataset("digits", []);
  const arrays = { train, test };
  for (const [name, split] of Object.entries(arrays)) {
    await Deno.writeFile(join(folder, `x_${name}`), imagesOf(split));
    await Deno.writeFile(join(folder, `y_${name}`), Uint8Array.from(split.labels));
  }
  await inPython(
    "-c",
    `import numpy as np, sys
read = lambda name: np.fromfile(sys.argv[1] + "/" + name, np.uint8)
pictures = {f"x_{half}": read(f"x_{half}").reshape(-1, 8, 8) for half in ("train", "test")}
labels = {f"y_{half}": read(f"y_{half}").astype("int64") for half in ("train", "test")}
np.savez_compressed(sys.argv[1] + "/pictures.npz", **pictures, **labels)`,
    folder,
  );
}

Deno.test({
  name:
    `docs/extending.md leads from a file, a network and pictures of one's own to a ticket in PyTorch${
      hasPyTorch ? "" : " (skipped: python3 has no PyTorch)"
    }`,
  ignore: !hasPyTorch,
  fn: () =>
    withFolder(async (folder) => {
      const page = await Deno.readTextFile(join(root, "docs/extending.md"));
      const section = page.split("## The whole way\n")[1]!.split("\n## ")[0]!;
      const block = (kind: string) =>
        new RegExp(`\`\`\`${kind}\\n([^]*?)\`\`\``).exec(section)![1]!;
      await Deno.copyFile(join(root, "examples/my_algorithm.ts"), join(folder, "my_algorithm.ts"));
      await writePictures(folder);
      // Smaller than the page's, so that it takes a minute.
      const sweep = { ...JSON.parse(block("json ignore")), seeds: [1, 2], epochs: 2 };
      sweep.tune = { ...sweep.tune, tries: 2 };
      await Deno.writeTextFile(join(folder, "mine.json"), JSON.stringify(sweep));

      const data = join(folder, "data"), printed: string[] = [];
      for (const line of block("sh").trim().split("\n")) {
        const words = line.split(" ").map((word) =>
          /^(my_algorithm\.ts|mine\.json|pictures\.npz|results\/)/.test(word)
            ? join(folder, word)
            : word
        );
        if (words[0] === "python3") {
          const [name] = [...Deno.readDirSync(join(folder, "results/mine/tickets"))];
          const ticket = join(folder, "results/mine/tickets", name!.name);
          printed.push(await inPython(words[1]!, ticket));
          continue;
        }
        const args = words.slice(words[2] === "maskbench" ? 3 : 2);
        if (args[0] === "try") args.push("--proofs");
        if (args[0] === "tune") args.push("--out", join(folder, "results/mine-tuning"));
        if (args[0] === "pack") args.push("--to", data);
        const { code, out, error } = await maskbench(args, { MASKBENCH_DATA: data });
        assert.equal(code, 0, `${line}\n${error}`);
        printed.push(out);
      }
      const [proofs, , , table, , list, inPyTorch] = printed;
      assert.equal(proofs!.match(/✓/g)!.length, 7);
      for (const name of sweep.algorithms) assert.ok(table!.includes(name), name);
      assert.match(table!, /signed-popup.* − sbp/);
      assert.equal(list!.match(/my-net · signed-popup/g)!.length, 2);
      assert.match(inPyTorch!, /layer 0\.weight: keeps \d+ of 144 weights/);
      assert.ok((await Deno.stat(join(folder, "results/mine/report/index.html"))).isFile);
    }),
});

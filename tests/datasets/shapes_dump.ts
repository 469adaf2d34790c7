// Writes the pictures and labels of `shapes` as bare bytes to a folder, for shapes_difficulty.py to read.
import { shapes } from "../../src/datasets/shapes.ts";

const [folder] = Deno.args;
if (!folder) throw new Error("expected the folder to write to");
await Deno.mkdir(folder, { recursive: true });
const dataset = await shapes.load([]);
for (const part of ["train", "test"] as const) {
  await Deno.writeFile(`${folder}/${part}.images`, dataset[part].images);
  await Deno.writeFile(`${folder}/${part}.labels`, Uint8Array.from(dataset[part].labels));
}

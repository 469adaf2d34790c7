// maskbench ticket: the subnetwork of a run, verified, written out for other programs, or compared with another.
import { basename, join } from "node:path";
import { Argument, Command, Option } from "@commander-js/extra-typings";
import { markdownTable } from "markdown-table";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { UserError } from "../../base/errors.ts";
import { setThreads, Vector } from "../../native/mod.ts";
import { openNative } from "../../native/toolchain/setup.ts";
import { datasetOf } from "../../runner/dataset_cache.ts";
import { labelOf } from "../../runs/label.ts";
import { overlapOf } from "../../tickets/compare.ts";
import { exportTicket, ticketFormats } from "../../tickets/export.ts";
import { rebuildNetwork } from "../../tickets/rebuild.ts";
import { readTicket, type Ticket, ticketsFolder } from "../../tickets/ticket.ts";
import { picturesOf } from "../../training/setup.ts";
import { deviceOption, resolveDevice } from "../options.ts";
import { dataFolders, shownPathOf, userPathOf } from "../paths.ts";

const file = () => new Argument("<file>", "a file in DIR/tickets, from `bench --save-mask`");
const read = (path: string) => readTicket(userPathOf(path), path);

export const ticketCommand = () =>
  new Command("ticket")
    .description(
      "list, verify, export or compare what `bench --save-mask` kept: the subnetwork of a run",
    )
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addCommand(compareCommand())
    .addHelpText(
      "after",
      `
Examples, with the path of a file in DIR/tickets as TICKET:
  deno task maskbench ticket list results/my-sweep
  deno task maskbench ticket verify TICKET
  deno task maskbench ticket export TICKET --format npz --out weights.npz
  deno task maskbench ticket compare TICKET OTHER`,
    );

const listCommand = () =>
  new Command("list")
    .description("list the tickets of a folder by what they are, the most accurate first")
    .argument("<dir>", "the folder that bench wrote to, such as results/my-sweep")
    .option("--json", "print a list of objects, with whole paths")
    .action(async (dir, { json }) => {
      const folder = ticketsFolder(userPathOf(dir));
      const names = await ticketNamesIn(folder);
      if (names.length === 0) {
        throw new UserError(`${dir} has no tickets: \`bench --save-mask\` keeps them`);
      }
      const found: ListedTicket[] = [];
      for (const name of names) {
        const path = join(folder, name);
        try {
          found.push(listedTicketOf(path, await readTicket(path, shownPathOf(path))));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          console.error(`maskbench: ${error.message}`);
          Deno.exitCode = 2;
        }
      }
      found.sort((a, b) => b.accuracy - a.accuracy || (a.path < b.path ? -1 : 1));
      if (json) {
        console.log(JSON.stringify(
          found.map(({ configuration, ...rest }) => ({
            ...rest,
            label: labelOf(configuration),
            configuration,
          })),
          null,
          2,
        ));
        return;
      }
      for (const { path, accuracy, kept, configuration } of found) {
        console.log(`${labelOf(configuration)} on ${configuration.dataset.name}`);
        console.log(`  ${(100 * accuracy).toFixed(2)}%, keeps ${(100 * kept).toFixed(1)}%`);
        console.log(`  ${shownPathOf(path)}`);
      }
      console.log(
        `${found.length} ${found.length === 1 ? "ticket" : "tickets"} in ${shownPathOf(folder)}`,
      );
    });

interface ListedTicket {
  readonly path: string;
  readonly accuracy: number;
  /** Fraction of the weights. */
  readonly kept: number;
  readonly configuration: Ticket["configuration"];
}

function listedTicketOf(path: string, { configuration, accuracy, mask }: Ticket): ListedTicket {
  const kept = mask ? mask.reduce((sum, bit) => sum + bit, 0) / mask.length : 1;
  return { path, accuracy, kept, configuration };
}

async function ticketNamesIn(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name).filter((name) => name.endsWith(".safetensors")).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new UserError(`${shownPathOf(folder)} can't be read: ${(error as Error).message}`);
  }
}

const verifyCommand = () =>
  new Command("verify")
    .description("rebuild the network from the ticket alone, and exit 1 if its accuracy differs")
    .addArgument(file())
    .addOption(deviceOption())
    .action(async (path, { device }) => {
      const ticket = await read(path);
      const { configuration: { dataset }, accuracy, environment } = ticket;
      console.log(`${labelOf(ticket.configuration)}: ${described(ticket)}`);
      const pictures = await datasetOf(dataset, dataFolders());
      if (pictures.checksum !== dataset.checksum) {
        throw new UserError(`the files of ${pictures.name} are not those that ${path} was made on`);
      }
      await openNative();
      setThreads(1);
      using free = new DisposableStack();
      const { network, weights } = rebuildNetwork(ticket, resolveDevice(device), free);
      const test = free.use(picturesOf(pictures.test, pictures, network.device));
      const metrics = free.use(new Vector(2, "float64", network.device));
      network.evaluate(weights, null, test, metrics);
      const found = metrics.download()[1]! / test.count;
      const percent = (accuracy: number) => `${(100 * accuracy).toFixed(2)}%`;
      if (found === accuracy) {
        console.log(
          `${percent(found)} on the ${dataset.split} set of ${dataset.name}, as recorded`,
        );
        return;
      }
      console.log(
        `${percent(found)} on the ${dataset.split} set of ${dataset.name}, recorded is ` +
          `${percent(accuracy)}, by libtorch ${environment.libtorch} on ${environment.processor}`,
      );
      Deno.exitCode = 1;
    });

const exportCommand = () =>
  new Command("export")
    .description(
      "write the masked weights in full, by the names that PyTorch's nn.Sequential gives",
    )
    .addArgument(file())
    .addOption(
      new Option("--format <format>", "write a file of this format").choices(ticketFormats).default(
        "safetensors" as const,
      ),
    )
    .option(
      "--out <file>",
      "write to this file; default the ticket's name with `-weights`, in the current folder",
    )
    .action(async (path, { format, out }) => {
      const ticket = await read(path);
      await openNative();
      const name = out ?? `${basename(path).replace(/\.safetensors$/, "")}-weights.${format}`;
      const bytes = exportTicket(ticket, format);
      await writeFileAtomically(userPathOf(name), bytes);
      console.log(`${shownPathOf(userPathOf(name))}: ${bytes.length.toLocaleString("en")} bytes`);
    });

const compareCommand = () =>
  new Command("compare")
    .description("compare how many weights two tickets share, by layer, with chance")
    .addArgument(file())
    .argument("<other>", "a ticket of the same network")
    .action(async (path, other) => {
      const [a, b] = [await read(path), await read(other)];
      const rows = overlapOf(a, b).map(({ name, weights, kept, both, chance }) => {
        const beyond = chance.deviation > 0 ? (both - chance.mean) / chance.deviation : 0;
        return [
          name,
          ...[weights, ...kept, both].map((count) => count.toLocaleString("en")),
          `${chance.mean.toFixed(1)} ± ${chance.deviation.toFixed(1)}`,
          `${(both / chance.mean || 0).toFixed(3)} ×`,
          beyond.toFixed(1).replace("-", "−"),
        ];
      });
      const header = ["layer", "weights", "A keeps", "B keeps", "both", "by chance", "of it", "σ"];
      console.log(`A: ${labelOf(a.configuration)}\nB: ${labelOf(b.configuration)}\n`);
      console.log(
        markdownTable([header, ...rows], { align: ["l", ...header.slice(1).map(() => "r")] }),
      );
      console.log(
        `\nBy chance: of masks that keep as many in each layer at random, mean ± standard deviation.`,
      );
      if (a.weightsDigest !== b.weightsDigest && a.streams.weights !== b.streams.weights) {
        console.log("The two were drawn other weights, so that places say nothing of values.");
      }
    });

function described({ mask }: Ticket): string {
  if (!mask) return "all of its weights are kept";
  const kept = mask.reduce((sum, bit) => sum + bit, 0);
  return `${kept.toLocaleString("en")} of ${mask.length.toLocaleString("en")} weights are kept`;
}

// A process that claims a run, says whether it got it, and lives on; it may say first how far it got with the run.
import { Claim } from "../../src/runs/claims.ts";

const [folder, identity, progress] = Deno.args;
const claim = await Claim.on(folder!, identity!);
if (claim instanceof Claim && progress) await claim.noteProgress(progress as "begun" | "kept");
console.log(claim instanceof Claim ? "claimed" : "held");
setInterval(() => {}, 1000);

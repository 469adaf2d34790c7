// A process that claims a run, says whether it got it, and lives on; it may say first that it has kept a checkpoint.
import { Claim } from "../../src/runs/claims.ts";

const [folder, identity, keeps] = Deno.args;
const claim = await Claim.on(folder!, identity!);
if (claim instanceof Claim && keeps) await claim.noteKept();
console.log(claim instanceof Claim ? "claimed" : "held");
setInterval(() => {}, 1000);

// What is said of a step that does not return, and of everything that only looks like one.
import assert from "node:assert/strict";
import { PACE_INTERVAL, PaceMonitor } from "../../src/runner/pace.ts";

const STEPS = 1000;

/** A run's pace by a clock of its own, which is looked at as often as the runner does. */
class Clocked {
  now = 5000;
  readonly pace = new PaceMonitor(this.now);
  /** What a slow step had taken when it was reported. */
  readonly told: number[] = [];

  look(): void {
    if (this.pace.checkStep(this.now)) this.told.push(this.pace.silence);
  }

  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= PACE_INTERVAL) {
      this.now += Math.min(left, PACE_INTERVAL);
      this.look();
    }
  }

  tell(step: number, epoch = 1): void {
    const rest = { epochs: 9, trainLoss: 1, testAccuracy: NaN, imagesPerSecond: 1 };
    this.pace.record({ ...rest, epoch, step, steps: STEPS }, this.now, this.now);
  }

  /** Steps that take so long each, with a report after every one, from the first of an epoch on. */
  steps(count: number, milliseconds: number): void {
    this.tell(0);
    for (let step = 1; step <= count; step++) {
      this.pass(milliseconds);
      this.tell(step);
    }
  }
}

Deno.test("PaceMonitor reports a step once when it takes a hundred times the median of those before", () => {
  const run = new Clocked();
  run.steps(20, 300);
  run.pass(29_000);
  assert.deepEqual(run.told, []);
  run.pass(60_000);
  assert.deepEqual(run.told, [30_000]);
  run.tell(21);
  run.pass(31_000); // the next one is another
  assert.equal(run.told.length, 2);
});

Deno.test("PaceMonitor reports a step after ten seconds when steps take a millisecond", () => {
  const run = new Clocked();
  run.tell(0);
  for (let step = 250; step < STEPS; step += 250) {
    run.pass(250);
    run.tell(step);
  }
  run.pass(9_500);
  assert.deepEqual(run.told, []);
  run.pass(1_000);
  assert.deepEqual(run.told, [10_000]);
});

Deno.test("PaceMonitor reports nothing when the first step takes long, or the steps after it too", () => {
  const run = new Clocked();
  run.tell(0);
  run.pass(600_000);
  run.steps(3, 60_000);
  run.pass(1000_000);
  assert.deepEqual(run.told, []);
});

Deno.test("PaceMonitor reports nothing when a run is set up or evaluated for minutes", () => {
  const run = new Clocked();
  run.pass(600_000);
  run.steps(20, 300);
  run.tell(STEPS);
  run.pass(600_000);
  run.tell(0, 2);
  run.pass(300);
  run.tell(1, 2);
  assert.deepEqual(run.told, []);
  run.pass(31_000); // nor does the evaluation count as a step
  assert.deepEqual(run.told, [30_000]);
});

Deno.test("PaceMonitor reports nothing, and waits on, when the process is suspended", () => {
  const run = new Clocked();
  run.steps(20, 10);
  for (let time = 0; time < 5; time++) {
    run.now += 3600_000;
    run.look();
  }
  assert.deepEqual(run.told, []);
  assert.ok(run.pace.silence < 6000 && run.pace.awake < 10_000, `${run.pace.silence}`);
});

Deno.test("PaceMonitor waits ten seconds, or three times the median, when a run is stopped", () => {
  const run = new Clocked();
  assert.equal(run.pace.patience, 10_000);
  run.steps(5, 100);
  assert.equal(run.pace.patience, 10_000);
  const long = new Clocked();
  long.steps(5, 60_000);
  assert.equal(long.pace.patience, 180_000);
  long.pass(100_000); // does not change it
  assert.equal(long.pace.patience, 180_000);
});

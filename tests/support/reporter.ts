/** mocha's spec reporter that also writes its totals where tests/run.ts reads them. */
import { appendFileSync } from "node:fs";
import { reporters, type MochaOptions, type Runner } from "mocha";

export default class TotalsReporter extends reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures } = this.stats;
      if (process.env.TEST_TOTALS) appendFileSync(process.env.TEST_TOTALS, `${passes} ${failures}\n`);
    });
  }
}

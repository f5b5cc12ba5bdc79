/** mocha's spec reporter that also writes where tests/run.ts reads them: its totals on one line, then each failure. */
import { appendFileSync } from "node:fs";
import { reporters, type MochaOptions, type Runner } from "mocha";

/** Separates one failure from the next in the file of totals. */
export const nextFailure = "\u001e";

export default class TotalsReporter extends reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    const failures: string[] = [];
    runner.on("fail", (test, error: Error) => failures.push(`${test.fullTitle()}\n${(error.stack ?? error.message).slice(0, 1200)}`));
    runner.once("end", () => {
      const { passes, failures: failed } = this.stats;
      if (process.env.TEST_TOTALS) appendFileSync(process.env.TEST_TOTALS, [`${passes} ${failed}`, ...failures].join(nextFailure));
    });
  }
}

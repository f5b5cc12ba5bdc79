/** `aictl doctor`: what a cluster lacks for a stack, by the same checks as `make doctor`. */
import { wantedOf } from "../tools/doctor/config";
import { runChecks } from "../tools/doctor/engine";
import { reportText } from "../tools/doctor/output";
import { fileIn, targetOf } from "./settings";
import type { Result, Run } from "./types";

export async function doctor(run: Run): Promise<Result> {
  const { stack, path } = fileIn(run.settings);
  const target = targetOf(run.settings);
  const report = await runChecks(run.deps.connectDoctor(target), wantedOf({ stack, file: path }, run.deps.machine));
  return {
    data: { stack, context: target.context, counts: report.counts, checks: report.results },
    text: `stack ${stack} on context ${target.context}\n${reportText(report)}`,
    exitCode: report.counts.problem > 0 ? 1 : 0,
  };
}

/** Jobs that end, and schedules that don't pile up. */
import { all } from "../../each";
import { objectPolicy, problem, problemIf, type Problem } from "../../policy";
import type { View } from "../../values";

/** The controller looks every 10 seconds: with less, a run may never start. */
const shortestStart = 10;

export const jobLimits = objectPolicy({
  number: 54,
  name: "job-limits",
  title: "Jobs have a deadline and few retries; CronJobs besides one run at a time, a starting deadline and a short history",
  why: "A Job without a deadline holds its GPU, its quota and its volume for ever, and a schedule without bounds starts one more each time.",
  fix: "set activeDeadlineSeconds and backoffLimit; in a CronJob concurrencyPolicy, startingDeadlineSeconds and both history limits, too",
  group: "workload",
  severity: "medium",
  controls: { nist: ["SC-6"] },
  parameters: {
    deadlineSeconds: { type: "integer", description: "longest deadline of a Job, in seconds", default: 86400, minimum: 1 },
    retries: { type: "integer", description: "most retries of a Job", default: 6, minimum: 0 },
    history: { type: "integer", description: "most finished Jobs of each kind that a CronJob keeps", default: 10, minimum: 1 },
    ttl: { type: "boolean", description: "whether Jobs are deleted some time after their end; what a program made, it would make again", default: false },
  },
  applies: (_, __, object) => object.is("batch/Job", "batch/CronJob"),
  check: (view, { parameters }, object) => {
    const { deadlineSeconds, retries, history, ttl } = parameters;
    const ofJob = (path: string) => {
      const spec = view.view(path);
      return all(
        () => within(spec, "activeDeadlineSeconds", 1, deadlineSeconds),
        // Retries by index are counted by themselves.
        () => within(spec, spec.has("backoffLimitPerIndex") ? "backoffLimitPerIndex" : "backoffLimit", 0, retries),
        () => (ttl ? within(spec, "ttlSecondsAfterFinished", 0, Infinity) : []),
      );
    };
    if (object.kind === "Job") return ofJob("spec");
    const spec = view.view("spec");
    return all(
      () => ofJob("spec.jobTemplate.spec"),
      () => problemIf(!["Forbid", "Replace"].includes(spec.string("concurrencyPolicy") ?? "Allow"), spec, "concurrencyPolicy", "must be Forbid or Replace"),
      () => within(spec, "startingDeadlineSeconds", shortestStart, Infinity),
      () => within(spec, "successfulJobsHistoryLimit", 0, history),
      // Of what failed, one is left to be read.
      () => within(spec, "failedJobsHistoryLimit", 1, history),
    );
  },
});

function within(spec: View, field: string, least: number, most: number): readonly Problem[] {
  const value = spec.number(field);
  if (value !== undefined && value >= least && value <= most) return [];
  return [problem(spec, field, most === Infinity ? `must be set, to ${least} or more` : `must be set, from ${least} to ${most}`)];
}

/** People: the teams that use the platform, and the groups that run it. */
import { z } from "zod";
import { bytes, cpu, dnsLabel, gpus, group, labelValue, modelName, whole } from "./fields";

/** One row of the table that quotas, rights, network policies and reports are made from. */
export const team = z.strictObject({
  name: dnsLabel.describe("name of the team").meta({ examples: ["ml"] }),
  group: group.describe("group of its members"),
  project: dnsLabel
    .optional()
    .describe(
      "project of the team, ai-<environment>-<project>; teams that name the same one share it, and its quota is the sum of theirs; default: the team's name",
    )
    .meta({ examples: ["ml"] }),
  quota: z
    .strictObject({
      cpu: cpu.describe("requested CPU"),
      memory: bytes.describe("requested memory"),
      gpus: gpus.default(0).describe("GPUs"),
      storage: bytes.default("100Gi").describe("sum of its claims"),
    })
    .describe("the team's share"),
  models: z
    .array(modelName)
    .max(64)
    .default([])
    .describe("models that its pods may ask; none by default")
    .meta({ examples: [["codellama:7b-v1.0-base"]] }),
  costCentre: labelValue
    .optional()
    .describe("who pays, as a label of the team's project; teams that share one agree on it; default: the stack's")
    .meta({ examples: ["research-4711"] }),
  monthlyBudget: whole(0, 1_000_000_000, 2000)
    .optional()
    .describe(
      "money per month, in the currency of your reports; shown in the output `teams` and, for the teams of a project together, in its annotation; default: none",
    ),
});

const groups = (what: string) => z.array(group).max(50).default([]).describe(what);

/** Groups and their roles; docs/access.md shows what each may do. */
export const access = z.strictObject({
  platformAdmins: groups("groups that run the platform: everything in its projects, rights and quotas included"),
  operators: groups("groups that operate it: workloads, restarts, logs, no secrets, no rights"),
  dataScientists: groups("groups that run notebooks and jobs in the team projects"),
  developers: groups("groups that use workspaces in the team projects"),
  viewers: groups("groups that look, without logs and secrets"),
});

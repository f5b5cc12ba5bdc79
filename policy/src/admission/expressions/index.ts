/** What the policies say in CEL, by policy. */
import type { RuleOf } from "../rule";
import { dataRules } from "./data";
import { governanceRules } from "./governance";
import { gpuRules } from "./gpu";
import { imagesRules } from "./images";
import { networkRules } from "./network";
import { rbacRules } from "./rbac";
import { workloadRules } from "./workload";

export const rules: Readonly<Record<string, RuleOf>> = {
  ...gpuRules,
  ...workloadRules,
  ...imagesRules,
  ...networkRules,
  ...rbacRules,
  ...dataRules,
  ...governanceRules,
};

/** All policies, in the order of their numbers. */
import type { Policy } from "../policy";
import { dataPolicies } from "./data";
import { governancePolicies } from "./governance";
import { gpuPolicies } from "./gpu";
import { imagesPolicies } from "./images";
import { networkPolicies } from "./network";
import { rbacPolicies } from "./rbac";
import { reliabilityPolicies } from "./reliability";
import { workloadPolicies } from "./workload";

export const policies: readonly Policy[] = [
  ...dataPolicies,
  ...governancePolicies,
  ...gpuPolicies,
  ...imagesPolicies,
  ...networkPolicies,
  ...rbacPolicies,
  ...reliabilityPolicies,
  ...workloadPolicies,
].sort((a, b) => a.number - b.number);

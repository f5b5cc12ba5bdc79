import type { Policy } from "../../policy";

export const reliabilityPolicies: readonly Policy[] = [];

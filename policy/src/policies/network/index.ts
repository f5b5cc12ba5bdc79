import type { Policy } from "../../policy";

export const networkPolicies: readonly Policy[] = [];

import type { Policy } from "../../policy";

export const rbacPolicies: readonly Policy[] = [];

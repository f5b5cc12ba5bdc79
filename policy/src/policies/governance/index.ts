import type { Policy } from "../../policy";

export const governancePolicies: readonly Policy[] = [];

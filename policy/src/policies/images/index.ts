import type { Policy } from "../../policy";

export const imagesPolicies: readonly Policy[] = [];

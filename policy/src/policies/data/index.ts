import type { Policy } from "../../policy";

export const dataPolicies: readonly Policy[] = [];

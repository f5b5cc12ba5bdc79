import type { Policy } from "../../policy";
import { notPrivileged } from "./notPrivileged";

export const workloadPolicies: readonly Policy[] = [notPrivileged];

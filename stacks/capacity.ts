/** The capacity plan, see docs/capacity.md. Pure. */
export { canSurge, capacityPlan, podOf, type CapacityPlan } from "./capacityPlan";
export { capacityProblems } from "./capacityProblems";
export { capacityTable } from "./capacityTable";

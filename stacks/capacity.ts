/** The capacity plan, see docs/capacity.md. Pure. */
export { ofNode as nodeOf } from "./capacityNodes";
export { canSurge, capacityPlan, largestScale, podOf, type CapacityPlan } from "./capacityPlan";
export { capacityProblems } from "./capacityProblems";
export { capacityTable } from "./capacityTable";

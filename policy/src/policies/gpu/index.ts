import type { Policy } from "../../policy";
import { gpuIntegerLimit } from "./integerLimit";

export const gpuPolicies: readonly Policy[] = [gpuIntegerLimit];

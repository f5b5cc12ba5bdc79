import type { Policy } from "../../policy";
import { autoscalerSane } from "./autoscalerSane";
import { disruptionBudget } from "./disruptionBudget";
import { replicasSpread } from "./replicasSpread";
import { selectorsResolve } from "./selectorsResolve";

export const reliabilityPolicies: readonly Policy[] = [replicasSpread, disruptionBudget, autoscalerSane, selectorsResolve];

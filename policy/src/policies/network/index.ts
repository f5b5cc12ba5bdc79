import type { Policy } from "../../policy";
import { defaultDeny } from "./defaultDeny";
import { exposureAuthenticated } from "./exposureAuthenticated";
import { exposureRateLimit } from "./exposureRateLimit";
import { exposureTls } from "./exposureTls";
import { noDirectExposure } from "./noDirectExposure";
import { noWildcardOrigins } from "./noWildcardOrigins";
import { workloadSelectedByPolicy } from "./workloadSelectedByPolicy";

export const networkPolicies: readonly Policy[] = [
  defaultDeny,
  workloadSelectedByPolicy,
  exposureTls,
  exposureAuthenticated,
  noDirectExposure,
  noWildcardOrigins,
  exposureRateLimit,
];

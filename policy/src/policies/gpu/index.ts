import type { Policy } from "../../policy";
import { gpuCapacity } from "./capacity";
import { gpuIntegerLimit } from "./integerLimit";
import { gpuIsolatedTenants } from "./isolatedTenants";
import { gpuMaximum } from "./maximum";
import { gpuNodePlacement } from "./nodePlacement";
import { gpuPriority } from "./priority";
import { gpuProjectQuota } from "./projectQuota";
import { gpuRequestEqualsLimit } from "./requestEqualsLimit";
import { rolloutWithinQuota } from "./rolloutWithinQuota";
import { gpuSharingProfile } from "./sharingProfile";
import { gpuTimeLimit } from "./timeLimit";

export const gpuPolicies: readonly Policy[] = [
  gpuIntegerLimit,
  gpuRequestEqualsLimit,
  gpuMaximum,
  gpuNodePlacement,
  gpuProjectQuota,
  gpuSharingProfile,
  gpuIsolatedTenants,
  gpuCapacity,
  gpuTimeLimit,
  gpuPriority,
  rolloutWithinQuota,
];

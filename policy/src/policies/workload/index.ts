import type { Policy } from "../../policy";
import { capabilitiesDropped } from "./capabilitiesDropped";
import { jobLimits } from "./jobLimits";
import { noHostNamespaces } from "./noHostNamespaces";
import { nonRoot } from "./nonRoot";
import { noPrivilegeEscalation } from "./noPrivilegeEscalation";
import { notPrivileged } from "./notPrivileged";
import { noUnsafeOverrides } from "./noUnsafeOverrides";
import { ownServiceAccount } from "./ownServiceAccount";
import { podSecurityLabels } from "./podSecurityLabels";
import { probes } from "./probes";
import { readOnlyRoot } from "./readOnlyRoot";
import { resourcesStated } from "./resourcesStated";
import { seccompProfile } from "./seccompProfile";
import { tokenMounting } from "./tokenMounting";
import { volumeTypes } from "./volumeTypes";

export const workloadPolicies: readonly Policy[] = [
  notPrivileged,
  noPrivilegeEscalation,
  nonRoot,
  capabilitiesDropped,
  seccompProfile,
  readOnlyRoot,
  noHostNamespaces,
  volumeTypes,
  noUnsafeOverrides,
  tokenMounting,
  ownServiceAccount,
  resourcesStated,
  probes,
  podSecurityLabels,
  jobLimits,
];

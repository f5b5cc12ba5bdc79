import type { Policy } from "../../policy";
import { bindingsResolve } from "./bindingsResolve";
import { noClusterAdmin } from "./noClusterAdmin";
import { noEscalationRights } from "./noEscalationRights";
import { noWildcardRights } from "./noWildcardRights";
import { secretsByName } from "./secretsByName";

export const rbacPolicies: readonly Policy[] = [noWildcardRights, noClusterAdmin, secretsByName, noEscalationRights, bindingsResolve];

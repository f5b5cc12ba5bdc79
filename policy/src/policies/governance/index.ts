import type { Policy } from "../../policy";
import { alertsComplete } from "./alertsComplete";
import { apiVersions } from "./apiVersions";
import { auditLogging } from "./auditLogging";
import { costBudget } from "./costBudget";
import { deploymentApproval } from "./deploymentApproval";
import { standardLabels } from "./standardLabels";

export const governancePolicies: readonly Policy[] = [standardLabels, auditLogging, deploymentApproval, alertsComplete, costBudget, apiVersions];

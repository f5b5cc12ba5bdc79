/** Runs checks on a cluster and gathers what they find. Reads only: the one thing that it sends are access reviews, which the server keeps nothing of. */
import { ApiError, type Api } from "./api";
import { apiServerAddresses } from "./checks/addresses";
import { capabilities } from "./checks/capabilities";
import { managedClasses } from "./checks/classes";
import { dns } from "./checks/dns";
import { gpuClasses, gpuSharing } from "./checks/gpuClasses";
import { images } from "./checks/images";
import { machine } from "./checks/machine";
import { containerRuntime, gpus, nodes, nodeSelectors } from "./checks/nodes";
import { platform } from "./checks/platform";
import { priorityClasses } from "./checks/priorities";
import { namespaces, quotas } from "./checks/projects";
import { rights } from "./checks/rights";
import { scaledPools } from "./checks/scaled";
import { secrets } from "./checks/secrets";
import { monitoring, router } from "./checks/services";
import { modelStorage, sharedStorage } from "./checks/storage";
import { version } from "./checks/version";
import { warning, type Check, type Finding, type Status, type Wanted } from "./types";

/** All checks, in the order in which they are shown: what others build on comes first. */
export const checks: readonly Check[] = [
  version,
  platform,
  capabilities,
  rights,
  nodes,
  gpus,
  nodeSelectors,
  gpuClasses,
  gpuSharing,
  containerRuntime,
  modelStorage,
  managedClasses,
  sharedStorage,
  namespaces,
  quotas,
  priorityClasses,
  apiServerAddresses,
  dns,
  router,
  monitoring,
  scaledPools,
  secrets,
  images,
  machine,
];

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  /** The worst of the findings. */
  readonly status: Status;
  readonly findings: readonly Finding[];
}

export interface Report {
  readonly results: readonly CheckResult[];
  /** Findings by status. */
  readonly counts: Readonly<Record<Status, number>>;
}

/** Runs the checks, several at a time. @throws UserError when the server can't be reached, or does not know who asks */
export async function runChecks(api: Api, wanted: Wanted, list: readonly Check[] = checks): Promise<Report> {
  const results = await Promise.all(list.map((check) => runCheck(check, api, wanted)));
  const findings = results.flatMap((result) => result.findings);
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  return { results, counts: { ok: count("ok"), warning: count("warning"), problem: count("problem"), skipped: count("skipped") } };
}

async function runCheck(check: Check, api: Api, wanted: Wanted): Promise<CheckResult> {
  const findings = await findingsOf(() => check.run(api, wanted));
  const { id, title } = check;
  return { id, title, status: worst(findings), findings };
}

/** What the server does not tell is a warning, so that the other checks are shown. */
async function findingsOf(run: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const why = error.status === 403 ? `no right to read ${error.path}` : `${error.path} answered ${error.status}: ${error.message}`;
    const fix =
      error.status === 403
        ? "run the doctor as somebody who may read it, or have a cluster administrator do so"
        : "see why the API server, or the service behind that API, does not answer: kubectl get apiservices";
    return [warning(`not checked: ${why}`, "an answer of the API server", fix)];
  }
}

const order: readonly Status[] = ["problem", "warning", "ok", "skipped"];

function worst(findings: readonly Finding[]): Status {
  return order.find((status) => findings.some((finding) => finding.status === status)) ?? "skipped";
}

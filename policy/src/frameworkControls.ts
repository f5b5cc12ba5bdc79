/** Controls by framework, each with the source in which its number and its subject were read. Titles are short: the documents have the wording. */
import type { Control, Source } from "./frameworks";

const table = (source: Source, titles: Readonly<Record<string, string>>): readonly Control[] =>
  Object.entries(titles).map(([id, title]) => ({ id, title, source }));

/** The benchmark's own checks of section 5, as the scanner of the same name reads them. */
export const cisControls = table(
  {
    document: "CIS Kubernetes Benchmark, section 5 Policies",
    version: "1.8",
    read: "aquasecurity/kube-bench@a73ce37 cfg/cis-1.8/policies.yaml",
  },
  {
    "5.1.1": "cluster-admin only where required",
    "5.1.2": "access to secrets is minimal",
    "5.1.3": "wildcards in Roles and ClusterRoles are minimal",
    "5.1.4": "access to create pods is minimal",
    "5.1.5": "default service accounts are not used",
    "5.1.6": "service account tokens mounted only where necessary",
    "5.1.7": "the group system:masters is avoided",
    "5.1.8": "bind, impersonate and escalate are limited",
    "5.1.9": "access to create persistent volumes is minimal",
    "5.1.10": "access to the proxy subresource of nodes is minimal",
    "5.1.11": "access to the approval of certificate signing requests is minimal",
    "5.1.12": "access to webhook configurations is minimal",
    "5.1.13": "access to the creation of service account tokens is minimal",
    "5.2.1": "a policy control mechanism is active",
    "5.2.2": "no privileged containers",
    "5.2.3": "the host's process IDs are not shared",
    "5.2.4": "the host's IPC is not shared",
    "5.2.5": "the host's network is not shared",
    "5.2.6": "no privilege escalation",
    "5.2.7": "no root containers",
    "5.2.8": "no NET_RAW capability",
    "5.2.9": "no added capabilities",
    "5.2.10": "no assigned capabilities",
    "5.2.11": "no Windows HostProcess containers",
    "5.2.12": "no hostPath volumes",
    "5.2.13": "no host ports",
    "5.3.2": "all namespaces have network policies",
    "5.4.1": "secrets as files rather than environment variables",
    "5.4.2": "external secret storage",
    "5.5.1": "image provenance is enforced at admission",
    "5.7.1": "namespaces are administrative boundaries",
    "5.7.2": "seccomp profile of the runtime in pod definitions",
    "5.7.3": "security contexts for pods and containers",
    "5.7.4": "the default namespace is not used",
  },
);

const hardeningGuide = "NSA/CISA Kubernetes Hardening Guide";
/** The article says that its sections correlate to the guide's, and that 1.2 of August 2022 is the most recent version. */
const guideSections: Source = {
  document: `${hardeningGuide}, sections as the Kubernetes project lists them`,
  version: "1.2",
  read: "kubernetes/website@15cb272 content/en/blog/_posts/2021-10-05-nsa-cisa-hardening.md",
};
const guideChecks: Source = {
  document: `${hardeningGuide}, checks as a scanner's specification lists them`,
  version: "1.0 of the specification",
  read: "aquasecurity/trivy-checks@80e5382 pkg/compliance/k8s-nsa-1.0.yaml",
};

/** Topics have no numbers in the guide: the keys are ours, the titles are its headings. */
export const nsaTopics = [
  ...table(guideSections, {
    "pod security": "Kubernetes Pod security",
    "non-root": "Non-root containers and rootless container engines",
    "immutable file systems": "Immutable container file systems",
    "secure images": "Building secure container images",
    network: "Network separation and hardening",
    "network policies": "Network separation and hardening: network policies",
    "resource policies": "Network separation and hardening: resource policies",
    encryption: "Network separation and hardening: encrypting traffic and sensitive data",
    secrets: "Network separation and hardening: secrets",
    "audit logging": "Audit logging",
    upgrading: "Upgrading and application security practices",
  }),
  ...table(guideChecks, {
    "protecting tokens": "Protecting Pod service account tokens",
    RBAC: "Authentication and authorization: role-based access control",
  }),
];

const nist = "NIST SP 800-53 Rev. 5, Security and Privacy Controls for Information Systems and Organizations";
const highBaseline: Source = {
  document: `${nist} (OSCAL, high-impact baseline)`,
  version: "5.1.1",
  read: "usnistgov/oscal-content@88bb8de nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_HIGH-baseline-resolved-profile_catalog-min.json",
};
/** Controls that are in no baseline, from a page per control. */
const controlPage = (folder: string, page: string): Source => ({
  document: nist,
  version: "5",
  read: `NIST-SP-800-53-R5/NIST-SP-800-53-R5.github.io@d0a98a3 docs/${folder}/${page}.md`,
});

export const nistControls = [
  ...table(highBaseline, {
    "AC-2": "Account Management",
    "AC-3": "Access Enforcement",
    "AC-5": "Separation of Duties",
    "AC-6": "Least Privilege",
    "AC-6(5)": "Least Privilege: Privileged Accounts",
    "AC-6(10)": "Least Privilege: Prohibit Non-privileged Users from Executing Privileged Functions",
    "AC-12": "Session Termination",
    "AU-2": "Event Logging",
    "AU-11": "Audit Record Retention",
    "CM-3": "Configuration Change Control",
    "CM-5": "Access Restrictions for Change",
    "CM-6": "Configuration Settings",
    "CM-7": "Least Functionality",
    "CM-7(5)": "Least Functionality: Authorized Software, Allow-by-exception",
    "CM-8": "System Component Inventory",
    "CM-10": "Software Usage Restrictions",
    "CP-2(2)": "Contingency Plan: Capacity Planning",
    "CP-9": "System Backup",
    "CP-9(1)": "System Backup: Testing for Reliability and Integrity",
    "CP-9(3)": "System Backup: Separate Storage for Critical Information",
    "CP-9(8)": "System Backup: Cryptographic Protection",
    "IA-2": "Identification and Authentication (Organizational Users)",
    "IA-5": "Authenticator Management",
    "IR-4": "Incident Handling",
    "SA-22": "Unsupported System Components",
    "SC-4": "Information in Shared System Resources",
    "SC-5": "Denial-of-service Protection",
    "SC-7": "Boundary Protection",
    "SC-7(5)": "Boundary Protection: Deny by Default, Allow by Exception",
    "SC-8": "Transmission Confidentiality and Integrity",
    "SC-28": "Protection of Information at Rest",
    "SC-39": "Process Isolation",
    "SI-4": "System Monitoring",
    "SI-7": "Software, Firmware, and Information Integrity",
    "SI-7(15)": "Software, Firmware, and Information Integrity: Code Authentication",
  }),
  ...table(controlPage("3-7-identification-and-authentication", "ia-5-authenticator-management"), {
    "IA-5(7)": "Authenticator Management: No Embedded Unencrypted Static Authenticators",
  }),
  ...table(controlPage("3-18-system-and-communications-protection", "sc-6-resource-availability"), { "SC-6": "Resource Availability" }),
  ...table(controlPage("3-19-system-and-information-integrity", "si-13-predictable-failure-prevention"), {
    "SI-13(4)": "Predictable Failure Prevention: Standby Component Installation and Notification",
    "SI-13(5)": "Predictable Failure Prevention: Failover Capability",
  }),
  ...table(controlPage("3-20-supply-chain-risk-management", "sr-4-provenance"), {
    "SR-4(3)": "Provenance: Validate as Genuine and Not Altered",
  }),
];

const article = (read: string, titles: Readonly<Record<string, string>>) =>
  table({ document: "Regulation (EU) 2024/1689 of 13 June 2024 (Artificial Intelligence Act)", version: "13 June 2024", read }, titles);

export const aiActArticles = [
  ...article("https://ai-act-service-desk.ec.europa.eu/en/ai-act/article-10", { "10": "Data and data governance" }),
  ...article("https://overview.legal/laws/ai-act/art-12", { "12": "Record-keeping" }),
  ...article("https://overview.legal/laws/ai-act/art-13", { "13": "Transparency and provision of information to deployers" }),
  ...article("https://www.closeit.co/eu-ai-act/article-14-human-oversight/", { "14": "Human oversight" }),
  ...article("https://overview.legal/laws/ai-act/art-15", { "15": "Accuracy, robustness and cybersecurity" }),
];

import type { Policy } from "../../policy";
import { modelApproved } from "./modelApproved";
import { modelLicence } from "./modelLicence";
import { noRuntimeDownload } from "./noRuntimeDownload";
import { imagePinned } from "./pinned";
import { imageRegistry } from "./registry";
import { imageSignatures } from "./signatures";

export const imagesPolicies: readonly Policy[] = [imagePinned, imageRegistry, imageSignatures, modelApproved, modelLicence, noRuntimeDownload];

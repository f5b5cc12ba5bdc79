/** Which pack this is. */
import manifest from "../package.json";

export const packName = manifest.name;
export const version = manifest.version;

/** Where things live. State belongs to the clone (`.state/`), caches to the user (keyed by version and content). */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The clone. */
export const root = resolve(__dirname, "../..");

/** Everything that this clone makes at run time: clusters, Pulumi home and state, logs. Ignored by Git; `make clean` removes it. */
export const stateDir = process.env.OAP_STATE_DIR ? resolve(process.env.OAP_STATE_DIR) : join(root, ".state");

/** Built programs, packages and images, shared by all clones of this user; `make distclean` removes it. */
export const cacheDir = process.env.OAP_CACHE_DIR
  ? resolve(process.env.OAP_CACHE_DIR)
  : join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "openshift-ai-platform");

/** Code as Node compiled it, by version and content: the engine's Node programs start sooner. */
export const compiledDir = join(cacheDir, "compiled");

/** Full logs of every step that ran. */
export const logDir = join(stateDir, "logs");

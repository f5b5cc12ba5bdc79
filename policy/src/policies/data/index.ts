import type { Policy } from "../../policy";
import { backupDeclared } from "./backupDeclared";
import { backupsSafe } from "./backupsSafe";
import { databaseTls } from "./databaseTls";
import { noSecretValues } from "./noSecretValues";
import { secretsAsFiles } from "./secretsAsFiles";
import { volumesProtected } from "./volumesProtected";

export const dataPolicies: readonly Policy[] = [noSecretValues, secretsAsFiles, volumesProtected, backupDeclared, backupsSafe, databaseTls];

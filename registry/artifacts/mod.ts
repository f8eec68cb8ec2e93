/**
 * Artifacts: functions, classes, objects and configurations under keys, in this process or on a server.
 *
 * @module
 */

export * from "./artifact_error.ts";
export * from "./artifact_storage.ts";
export * from "./stored_artifacts.ts";
export * from "./stored_namespaces.ts";
export * from "./wire.ts";

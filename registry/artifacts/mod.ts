/**
 * Artifacts: functions, classes, objects and configurations by name, in this process or on a server.
 *
 * @module
 */

export * from "../../backends/errors.ts";
export * from "./artifact_error.ts";
export type { LockHeld, LockOptions } from "./artifact_lock.ts";
export * from "./artifact_registry.ts";
export * from "./artifact_storage.ts";
export type { Items } from "./batch_registration.ts";
export type { BatchFailure, BatchReport } from "./batch_report.ts";
export * from "./cached_artifacts.ts";
export type { Cell, Hold } from "./cell.ts";
export type { AllowedModule, ArtifactDescriptor, ModuleList, ModuleLoader } from "./descriptor.ts";
export type { FollowOptions } from "./follow.ts";
export { type AnyFunction, FunctionalRegistry } from "./functional_registry.ts";
export * from "./local_artifacts.ts";
export * from "./object_registry.ts";
export type { Entry, Register } from "./register.ts";
export * from "./registry_options.ts";
export * from "./remote_artifacts.ts";
export * from "./scheme_registry.ts";
export type { RemoteOptions } from "./server_address.ts";
export * from "./standard_schema.ts";
export * from "./stored_artifacts.ts";
export * from "./stored_namespaces.ts";
export * from "./type_registry.ts";
export * from "./wire.ts";

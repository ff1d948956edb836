import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Schedule = Schemas["Schedule"];
export type ScheduleState = Schemas["ScheduleState"];
export type Counts = Schemas["Counts"];
export type Run = Schemas["Run"];
export type RunState = Schemas["RunState"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditOperation = Schemas["AuditOperation"];
export type ChangeEvent = Schemas["ChangeEvent"];
export type Capabilities = Schemas["CapabilitiesAnswer"];
export type Whoami = Schemas["WhoamiAnswer"];
export type Role = Schemas["Role"];

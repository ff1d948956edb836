// Generated from docs/openapi.json by `npm run types`. Do not edit.

export interface paths {
    "/api/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check the hash chains of the audit trail. */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/capabilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say what this host can do. */
        get: operations["capabilities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask what has changed since a version. */
        get: operations["listChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the audit trail, newest first. */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the audit trail, newest first. */
        get: operations["exportAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the bulk commands in the background, latest first.
         * @description Those that are under way, and the last ones that ended.
         */
        get: operations["listBulks"];
        put?: never;
        /**
         * Command many schedules at once.
         * @description Each schedule is changed on its own; one that fails does not keep back the others.
         */
        post: operations["bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/bulk/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** See how far a bulk command is. */
        get: operations["getBulk"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/bulk/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Call off what is left of a bulk command.
         * @description What was done stays done. The step that is under way is carried out.
         */
        post: operations["cancelBulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/connection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read what may be known of the tenant's connection. */
        get: operations["getConnection"];
        /** Set the tenant's upstream key. */
        put: operations["putConnection"];
        post?: never;
        /** Remove the tenant's upstream key. */
        delete: operations["deleteConnection"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/connection/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try the tenant's upstream key with one cheap live call. */
        post: operations["testConnection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Explain why the schedule did or did not run. */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/occurrences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account for every slot of a window.
         * @description Both ends belong to the window. The counts add up to the slots in it.
         */
        get: operations["listOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause the tenant's schedule.
         * @description Once answered, no scheduled run starts. A run in flight goes on.
         */
        post: operations["pauseSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tenant's imported records. */
        get: operations["listRecords"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/records/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export the tenant's imported records. */
        get: operations["exportRecords"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/records/{entity}/{external_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read one imported record. */
        get: operations["getRecord"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume the tenant's schedule.
         * @description Slots that passed while paused follow `catch_up`.
         */
        post: operations["resumeSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/run-now": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run the tenant's import by hand, paused or not. */
        post: operations["runNow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List runs, newest first. */
        get: operations["listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/runs/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last runs of each of several tenants.
         * @description Tenants that the principal may not see have none.
         */
        get: operations["latestRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read one run with its log lines. */
        get: operations["getRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop a run in flight. */
        post: operations["cancelRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the tenant's schedule. */
        get: operations["getSchedule"];
        put?: never;
        /**
         * Create the tenant's schedule, or edit it in place.
         * @description An empty body asks for every 300 seconds. An edit keeps paused, history and last status.
         */
        post: operations["putSchedule"];
        /**
         * Delete the tenant's schedule.
         * @description A run in flight is cancelled and can write nothing afterwards; history and audit stay.
         */
        delete: operations["deleteSchedule"];
        options?: never;
        head?: never;
        /** Edit the tenant's schedule. */
        patch: operations["editSchedule"];
        trace?: never;
    };
    "/api/crm/import/{source}/schedule/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The next slots of the stored schedule. */
        get: operations["previewSchedule"];
        put?: never;
        /** The next slots of a proposed schedule; nothing is stored. */
        post: operations["previewProposal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/schedule/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The status of every schedule, as the original service gave it. */
        get: operations["scheduleStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List schedules. */
        get: operations["listSchedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/crm/import/{source}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count the runs of a window by when they start. */
        get: operations["timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Listen to what changes (Server-Sent Events).
         * @description Each event's `data` is a `ChangeEvent`; `id` is its version, which `Last-Event-ID` resumes after.
         *     Callers bound to some tenants get no `id`, and a `resync` first.
         */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin a session: sets an HttpOnly cookie. */
        post: operations["beginSession"];
        /** End the session: clears the cookie. */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List access tokens, without their secrets. */
        get: operations["listTokens"];
        put?: never;
        /**
         * Make an access token. Its secret shows only in this answer.
         * @description The first token must be an admin's for all tenants, as open mode ends with it.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an access token; it works no more from this answer on. */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say who calls. */
        get: operations["whoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The counters, in the text format of Prometheus.
         * @description For callers who may see all tenants, and for the tick token.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read this document. */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ops/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say whether the control plane can do its job. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ops/ping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say that the process lives; touches nothing. */
        get: operations["ping"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ops/tick": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run everything that is due. */
        post: operations["tick"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Any JSON value. */
        AnyJson: unknown;
        /** @description One page of the audit trail. */
        AuditAnswer: {
            audit: components["schemas"]["AuditEntry"][];
            next_cursor: string | null;
            ok: boolean;
            /**
             * Format: int64
             * @description How many entries match, on all pages.
             */
            total: number;
        };
        /** @description One accepted command, or one refusal of a caller. */
        AuditEntry: {
            actor: string;
            after: components["schemas"]["AnyJson"] | null;
            before: components["schemas"]["AnyJson"] | null;
            id: string;
            metadata: components["schemas"]["Particulars"] | null;
            operation: components["schemas"]["AuditOperation"];
            request_id: string | null;
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description Its place in its chain.
             */
            seq: number;
            /** @description Where the command came in. */
            source: components["schemas"]["AuditSource"];
            /** @description Whose schedule; null for what concerns the control plane itself. */
            tenant: string | null;
            ts: components["schemas"]["Epoch"];
            ts_iso: components["schemas"]["Iso"];
        };
        /** @description The whole audit trail as JSON. */
        AuditExport: {
            audit: components["schemas"]["AuditEntry"][];
            ok: boolean;
        };
        /** @enum {string} */
        AuditOperation: "schedule" | "edit" | "pause" | "resume" | "run-now" | "cancel" | "delete" | "bulk" | "connection" | "token" | "auto-pause" | "auto-resume" | "denied";
        /** @enum {string} */
        AuditSource: "api" | "ui" | "cli" | "system";
        /**
         * @description How a caller has shown who it is.
         * @enum {string}
         */
        AuthWord: "open" | "token" | "oidc";
        /**
         * @description The kinds of what keeps a schedule from running.
         * @enum {string}
         */
        BlockKind: "paused" | "running" | "broken" | "rate_limited" | "not_started" | "ended";
        /** @description Why slots do not run, and when one is let through to try. */
        Breaker: {
            /** @description The failure that opened it. */
            kind: components["schemas"]["ErrorKind"];
            /** @description The first slot from here on is run to try. */
            probe_at: components["schemas"]["Epoch"];
            probe_at_iso: components["schemas"]["Iso"];
            /**
             * Format: int32
             * @description Probes that have failed.
             */
            probes: number;
            since: components["schemas"]["Epoch"];
            since_iso: components["schemas"]["Iso"];
        };
        /** @description An entry that does not fit its chain. */
        BrokenEntry: {
            id: string | null;
            /** Format: int64 */
            seq: number;
            source: string | null;
            /** @description Null for the control plane's own chain. */
            tenant: string | null;
            ts: components["schemas"]["Epoch"] | null;
            ts_iso: components["schemas"]["Iso"] | null;
        };
        /** @description A bulk command that goes on by itself. */
        Bulk: {
            /** @description Who has asked for it. */
            actor: string;
            /**
             * Format: int64
             * @description Schedules that are another than before, or runs that were started.
             */
            changed: number;
            /** @description When it was accepted. */
            created: components["schemas"]["Epoch"];
            created_iso: components["schemas"]["Iso"];
            /**
             * Format: int64
             * @description Schedules that were looked at since.
             */
            done: number;
            /** @description The first 1,000 of those that failed. */
            failed: components["schemas"]["BulkFailure"][];
            /**
             * Format: int64
             * @description All that failed.
             */
            failed_total: number;
            id: string;
            /**
             * Format: int32
             * @description With `set-interval`: seconds between slots.
             */
            interval_sec: number | null;
            /**
             * Format: int64
             * @description Schedules that the filter picked when it was accepted.
             */
            matched: number;
            operation: components["schemas"]["BulkOperation"];
            /** @description With `pause` and `run-now`: in the operator's words. */
            reason: string | null;
            /** @description The request that carried it; its entries in the audit name it, too. */
            request_id: string | null;
            state: components["schemas"]["BulkState"];
            /** @description When it last went on. */
            updated: components["schemas"]["Epoch"];
            updated_iso: components["schemas"]["Iso"];
        };
        /** @description What became of a bulk command. */
        BulkAnswer: {
            /**
             * Format: int64
             * @description Schedules that are another than before, or runs that were started.
             */
            changed: number;
            dry_run: boolean;
            /** @description At most 1,000 of those that failed. */
            failed: components["schemas"]["BulkFailure"][];
            /**
             * Format: int64
             * @description All that failed.
             */
            failed_total: number;
            /**
             * Format: int64
             * @description Schedules that the filter picks, from the cursor on.
             */
            matched: number;
            /** @description Whether none failed. */
            ok: boolean;
            operation: string;
        };
        /** @description A tenant for which the command failed. */
        BulkFailure: {
            /** @description Stable, for programs. */
            code: string;
            /** @description For people. */
            detail: string;
            tenant: string;
        };
        /** @description Which schedules. What is given must all hold; all of them need `all`. */
        BulkFilter: {
            /** @description Every one. */
            all?: boolean | null;
            /** @description Those with one of these intervals, in seconds, separated by commas. */
            interval_sec?: string | null;
            /** @description Those that are past due by more than twice their interval and a minute. */
            overdue?: boolean | null;
            /** @description Those whose tenant or note holds this text. */
            q?: string | null;
            /** @description Those in one of these states, separated by commas. */
            state?: string | null;
            /** @description Those with one of these tags, separated by commas. */
            tag?: string | null;
            /** @description These; with `background` at most 2,000. */
            tenants?: string[] | null;
        };
        /** @description Bulk commands in the background. */
        BulkList: {
            bulks: components["schemas"]["Bulk"][];
            ok: boolean;
        };
        /**
         * @description What can be done with many schedules.
         * @enum {string}
         */
        BulkOperation: "pause" | "resume" | "run-now" | "delete" | "set-interval";
        /** @description How far a bulk command is. */
        BulkProgress: {
            bulk: components["schemas"]["Bulk"];
            ok: boolean;
        };
        /** @description What to do with many schedules at once. */
        BulkRequest: {
            /**
             * @description Accept it and go on by itself, in steps: the answer says where to ask how far it is.
             * @default false
             */
            background?: boolean | null;
            /**
             * @description Only say how many match.
             * @default false
             */
            dry_run?: boolean | null;
            /**
             * Format: int64
             * @description Do nothing unless exactly so many match.
             */
            expect?: number | null;
            filter: components["schemas"]["BulkFilter"];
            /**
             * Format: int32
             * @description With `set-interval`: seconds between slots.
             */
            interval_sec?: number | null;
            operation: components["schemas"]["BulkOperation"];
            /** @description With `pause` and `run-now`: in the operator's words. */
            reason?: string | null;
            until?: components["schemas"]["Instant"] | null;
        };
        /** @enum {string} */
        BulkState: "running" | "done" | "cancelled";
        /** @description A run that is being stopped. */
        CancelledAnswer: {
            ok: boolean;
            run_id: string;
            state: components["schemas"]["RunState"];
            tenant: string;
        };
        /** @description What this host can do. */
        CapabilitiesAnswer: {
            /** @description How callers show who they are. */
            auth: components["schemas"]["AuthWord"];
            /** @description What this deployment calls itself. */
            environment: string | null;
            /** @description The kind of host: `axum`, `lambda` or `wasi`. */
            host: string;
            /** Format: int32 */
            max_interval_sec: number;
            /** Format: int32 */
            min_interval_sec: number;
            ok: boolean;
            /**
             * Format: int32
             * @description How often to poll where it does not.
             */
            poll_interval_sec: number;
            sources: string[];
            /** @description Whether `/api/events` streams. */
            streaming: boolean;
            version: string;
        };
        /** @description Slots that nothing could run: the latest runs, none runs, or the latest so many run one after the other. */
        CatchUp: ("latest" | "skip") | {
            all: number;
        };
        /** @description Something that changed. */
        ChangeEvent: {
            /** @enum {string} */
            event: "schedule.changed";
            schedule: components["schemas"]["Schedule"];
            source: string;
            tenant: string;
            /** Format: int64 */
            version: number;
        } | {
            /** @enum {string} */
            event: "schedule.deleted";
            source: string;
            tenant: string;
            /** Format: int64 */
            version: number;
        } | {
            /** @enum {string} */
            event: "run.started";
            run: components["schemas"]["Run"];
            source: string;
            tenant: string;
            /** Format: int64 */
            version: number;
        } | {
            /** @enum {string} */
            event: "run.finished";
            run: components["schemas"]["Run"];
            source: string;
            tenant: string;
            /** Format: int64 */
            version: number;
        } | {
            entry: components["schemas"]["AuditEntry"];
            /** @enum {string} */
            event: "audit.appended";
            source: string | null;
            tenant: string | null;
            /** Format: int64 */
            version: number;
        } | {
            /** @enum {string} */
            event: "counts.changed";
            /** Format: int64 */
            version: number;
        } | {
            /** @enum {string} */
            event: "resync";
            /** Format: int64 */
            version: number;
        };
        /** @description Events since a version. */
        ChangesAnswer: {
            /** @description Oldest first. */
            changes: components["schemas"]["ChangeEvent"][];
            ok: boolean;
            /**
             * Format: int64
             * @description What to ask with next time.
             */
            version: number;
        };
        /** @description One part. */
        ComponentHealth: {
            /** @description In words. */
            detail: string;
            ok: boolean;
        };
        /** @description What may be known of a connection. */
        ConnectionAnswer: {
            base_url: string | null;
            /** @description Whether there is a key. */
            configured: boolean;
            /** @description Tells keys apart without showing them. */
            fingerprint: string | null;
            ok: boolean;
            tenant: string;
            updated: components["schemas"]["Epoch"] | null;
            updated_iso: components["schemas"]["Iso"] | null;
        };
        /** @description A tenant's access to its upstream. */
        ConnectionRequest: {
            /** @description The tenant's own key at the upstream: visible ASCII. */
            api_key: string;
            /** @description The upstream's address, where it is not the source's own; https only. */
            base_url?: string | null;
        };
        /** @description What the upstream said. */
        ConnectionTestAnswer: {
            error: components["schemas"]["ErrorKind"] | null;
            fingerprint: string | null;
            message: string;
            /** @description Whether the upstream accepts the key. */
            ok: boolean;
            tenant: string;
        };
        /** @description How many schedules there are, by state. */
        Counts: {
            /** Format: int64 */
            backoff: number;
            /** Format: int64 */
            broken: number;
            /** Format: int64 */
            error: number;
            /** Format: int64 */
            never: number;
            /** Format: int64 */
            ok: number;
            /** Format: int64 */
            paused: number;
            /** Format: int64 */
            running: number;
            /** Format: int64 */
            total: number;
        };
        /** @description The schedule is gone. */
        DeletedAnswer: {
            message: string;
            ok: boolean;
            tenant: string;
        };
        /** @enum {string} */
        Disposition: "ran" | "ran_late" | "coalesced" | "skipped_overlap" | "skipped_catch_up" | "paused" | "outside_bounds" | "broken" | "rate_limited" | "deleted";
        /** @description Nothing is asked. */
        EmptyRequest: Record<string, never>;
        /**
         * Format: double
         * @description Seconds since the Unix epoch, with the milliseconds as fraction.
         */
        Epoch: number;
        /** @enum {string} */
        ErrorKind: "transient" | "rate_limited" | "auth" | "config" | "protocol" | "timeout" | "cancelled" | "abandoned" | "internal";
        /** @description Why a schedule did or did not run at an instant. */
        ExplainAnswer: {
            /** @description The instant that is explained. */
            at: components["schemas"]["Epoch"];
            at_iso: components["schemas"]["Iso"];
            audit: components["schemas"]["AuditEntry"] | null;
            /** @description What keeps the schedule from running, as of this answer. */
            blocked_by: components["schemas"]["ExplainBlock"][];
            disposition: components["schemas"]["Disposition"] | null;
            next_run: components["schemas"]["Epoch"] | null;
            next_run_iso: components["schemas"]["Iso"] | null;
            ok: boolean;
            slot: components["schemas"]["Epoch"] | null;
            slot_iso: components["schemas"]["Iso"] | null;
            /** @description How the schedule stands as of this answer. */
            state: components["schemas"]["ScheduleState"];
            /** @description In words. */
            summary: string;
            tenant: string;
        };
        /** @description Something that keeps a schedule from running. */
        ExplainBlock: {
            /** @description In words. */
            detail: string;
            kind: components["schemas"]["BlockKind"];
            until: components["schemas"]["Epoch"] | null;
            until_iso: components["schemas"]["Iso"] | null;
        };
        /** @description Whether the control plane can do its job. */
        HealthAnswer: {
            components: components["schemas"]["HealthComponents"];
            ok: boolean;
            status: components["schemas"]["HealthWord"];
            ts: components["schemas"]["Epoch"];
            ts_iso: components["schemas"]["Iso"];
        };
        /** @description The parts. */
        HealthComponents: {
            store: components["schemas"]["ComponentHealth"];
            ticker: components["schemas"]["TickerHealth"];
            upstreams: components["schemas"]["ComponentHealth"];
        };
        /**
         * @description The whole in one word.
         * @enum {string}
         */
        HealthWord: "healthy" | "unhealthy";
        /** @description An imported record. */
        ImportedRecord: {
            /** @description Its content. */
            data: components["schemas"]["AnyJson"];
            /** @description Its kind, such as `jobs`. */
            entity: string;
            /** @description Its name at the upstream. */
            external_id: string;
            /** @description Whether the upstream no longer has it. */
            gone: boolean;
            /** @description When its content last changed here. */
            imported_at: components["schemas"]["Epoch"];
            imported_at_iso: components["schemas"]["Iso"];
            modified: components["schemas"]["Epoch"] | null;
            modified_iso: components["schemas"]["Iso"] | null;
        };
        /** @description An RFC 3339 instant, or seconds since the epoch. */
        Instant: string | number;
        /**
         * Format: date-time
         * @description The same instant as ISO 8601 text in UTC with `Z`.
         */
        Iso: string;
        /** @description What the last run brought. */
        LastResult: {
            stats: components["schemas"]["Stats"];
        };
        /** @description How the last run went. */
        LastStatus: {
            /** Format: int64 */
            duration_ms: number;
            error: components["schemas"]["ErrorKind"] | null;
            message: string;
            ok: boolean;
            result: components["schemas"]["LastResult"];
            run_id: string;
            state: components["schemas"]["RunState"];
            /** @description When it ended. */
            ts: components["schemas"]["Epoch"];
            ts_iso: components["schemas"]["Iso"];
        };
        /** @description The last runs of one tenant. */
        LatestRuns: {
            /** @description Newest first. */
            runs: components["schemas"]["Run"][];
            tenant: string;
        };
        /** @description The last runs of several tenants. */
        LatestRunsAnswer: {
            latest: components["schemas"]["LatestRuns"][];
            ok: boolean;
        };
        /** @enum {string} */
        Level: "info" | "warn";
        /** @description Consecutive slots that ended alike. */
        Occurrences: {
            /**
             * Format: int64
             * @description How many slots there are.
             */
            count: number;
            /** @description The cron expression that they followed. */
            cron: string | null;
            disposition: components["schemas"]["Disposition"];
            /** @description The first slot. */
            first: components["schemas"]["Epoch"];
            first_iso: components["schemas"]["Iso"];
            /**
             * Format: int32
             * @description Seconds between slots, where they fell at a fixed rate.
             */
            interval_sec: number | null;
            /** @description The last slot. */
            last: components["schemas"]["Epoch"];
            last_iso: components["schemas"]["Iso"];
        };
        /** @description The slots of a window by what became of them. */
        OccurrencesAnswer: {
            next_cursor: string | null;
            /** @description Oldest first. */
            occurrences: components["schemas"]["Occurrences"][];
            ok: boolean;
            /**
             * Format: int64
             * @description Slots that are still waiting to run.
             */
            pending: number;
            since: components["schemas"]["Epoch"];
            since_iso: components["schemas"]["Iso"];
            tenant: string;
            /**
             * Format: int64
             * @description Slots in the window: the counts of all its occurrences and `pending`.
             */
            total: number;
            until: components["schemas"]["Epoch"];
            until_iso: components["schemas"]["Iso"];
        };
        /** @enum {string} */
        Overlap: "skip" | "queue_one";
        Particulars: {
            [key: string]: unknown;
        };
        /** @description Why and since when a schedule is paused. */
        Pause: {
            /** @description Who paused it. */
            actor: string;
            /** @description In the operator's words. */
            reason: string | null;
            since: components["schemas"]["Epoch"];
            since_iso: components["schemas"]["Iso"];
            until: components["schemas"]["Epoch"] | null;
            until_iso: components["schemas"]["Iso"] | null;
        };
        /** @description Why and until when to pause. */
        PauseRequest: {
            /** @description In the operator's words. */
            reason?: string | null;
            until?: components["schemas"]["Instant"] | null;
        };
        /** @description A schedule after it was paused or resumed. */
        PausedAnswer: {
            /** @description Whether this request changed anything. */
            changed: boolean;
            ok: boolean;
            paused: boolean;
            schedule: components["schemas"]["Schedule"];
            tenant: string;
        };
        /** @description A part of a run. */
        Phase: {
            /** Format: int64 */
            duration_ms: number;
            name: string;
            /**
             * Format: int64
             * @description Records received.
             */
            records: number;
            /**
             * Format: int64
             * @description Requests sent upstream.
             */
            requests: number;
            started: components["schemas"]["Epoch"];
            started_iso: components["schemas"]["Iso"];
        };
        /** @description The process lives. */
        PingAnswer: {
            host: string;
            ok: boolean;
            service: string;
            status: string;
            version: string;
        };
        /** @description The next slots. */
        PreviewAnswer: {
            /** @description Whether slots fall exactly then; a schedule that is not stored has no phase of its own yet. */
            exact: boolean;
            occurrences: components["schemas"]["PreviewSlot"][];
            ok: boolean;
            /** @description Whether the stored schedule is paused, so that none of these runs unless it is resumed. */
            paused: boolean;
            tenant: string;
        };
        /** @description One slot to come. */
        PreviewSlot: {
            /**
             * Format: int64
             * @description Other schedules, of those that the principal may see, whose next run starts in the same second.
             */
            others: number;
            /** @description The slot itself. */
            slot: components["schemas"]["Epoch"];
            slot_iso: components["schemas"]["Iso"];
            /** @description When it starts, jitter included. */
            starts: components["schemas"]["Epoch"];
            starts_iso: components["schemas"]["Iso"];
        };
        /** @description What stands in every answer that is not a success (RFC 9457). */
        Problem: {
            /** @description Stable, for programs. */
            code: string;
            /** @description What happened, for people. */
            detail: string;
            /** @description The same as `detail`, for old clients. */
            error: string;
            /** @description The field or parameter that was refused. */
            field?: string;
            /**
             * Format: int64
             * @description How many schedules match, with `expect_mismatch`.
             */
            matched?: number;
            /** @description In the words of the original service, when deleting. */
            message?: string;
            /** @description Always false. */
            ok: boolean;
            /** @description Names the request. */
            request_id: string;
            /**
             * Format: int64
             * @description The schedule's revision, with `revision_mismatch`.
             */
            revision?: number;
            /** @description The run in flight, with `already_running`. */
            run_id?: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The tenant without a schedule, when deleting. */
            tenant?: string;
            /** @description The kind of problem in words. */
            title: string;
            /** @description Names the kind of problem. */
            type: string;
        };
        /** @description A run that has ended in time. */
        RanAnswer: {
            message: string;
            /** @description Whether the import went well. */
            ok: boolean;
            result: components["schemas"]["RanResult"];
            run_id: string;
            state: components["schemas"]["RunState"];
            tenant: string;
            /** @description When it ended. */
            ts: components["schemas"]["Epoch"];
            ts_iso: components["schemas"]["Iso"];
        };
        /** @description What a run brought. */
        RanResult: {
            message: string;
            ok: boolean;
            stats: components["schemas"]["Stats"];
        };
        /** @description One imported record. */
        RecordAnswer: {
            ok: boolean;
            record: components["schemas"]["ImportedRecord"];
        };
        /** @description One page of imported records. */
        RecordsAnswer: {
            next_cursor: string | null;
            ok: boolean;
            records: components["schemas"]["ImportedRecord"][];
        };
        /** @description What a run noted on its way. */
        Remark: {
            at: components["schemas"]["Epoch"];
            at_iso: components["schemas"]["Iso"];
            level: components["schemas"]["Level"];
            message: string;
        };
        /** @description How a failed run is tried again within its slot. */
        RetryPolicy: {
            /**
             * Format: int32
             * @description Upper bound of the wait before the second attempt; it doubles from there.
             * @default 5
             */
            base_sec: number;
            /**
             * Format: int32
             * @description Runs of one slot at the most, the first included.
             * @default 3
             */
            max_attempts: number;
            /**
             * Format: int32
             * @description Upper bound of any wait.
             * @default 300
             */
            max_sec: number;
        };
        /** @description How a failed run is tried again; what is absent is the default. */
        RetryRequest: {
            /**
             * Format: int32
             * @default 5
             */
            base_sec?: number | null;
            /**
             * Format: int32
             * @default 3
             */
            max_attempts?: number | null;
            /**
             * Format: int32
             * @default 300
             */
            max_sec?: number | null;
        };
        /** @description A run that is to be tried again. */
        Retrying: {
            at: components["schemas"]["Epoch"];
            at_iso: components["schemas"]["Iso"];
            /** Format: int32 */
            attempt: number;
        };
        /** @enum {string} */
        Role: "viewer" | "operator" | "admin";
        /** @description One attempt to pull a tenant's data. */
        Run: {
            /**
             * Format: int32
             * @description 1 for the first attempt at a slot.
             */
            attempt: number;
            /**
             * Format: int64
             * @description How long it took, by the monotonic clock.
             */
            duration_ms: number | null;
            error: components["schemas"]["RunError"] | null;
            finished: components["schemas"]["Epoch"] | null;
            finished_iso: components["schemas"]["Iso"] | null;
            /**
             * Format: int64
             * @description How long after its due instant it was claimed.
             */
            lateness_ms: number | null;
            /** @description What it noted on the way; only when one run is asked for. */
            log?: components["schemas"]["Remark"][];
            /** @description What it says of itself. */
            message: string | null;
            /** @description Its parts, such as the pages that it read; only when one run is asked for. */
            phases?: components["schemas"]["Phase"][];
            run_id: string;
            slot: components["schemas"]["Epoch"] | null;
            slot_iso: components["schemas"]["Iso"] | null;
            started: components["schemas"]["Epoch"];
            started_iso: components["schemas"]["Iso"];
            state: components["schemas"]["RunState"];
            stats: components["schemas"]["Stats"];
            tenant: string;
            trigger: components["schemas"]["Trigger"];
            worker: string;
        };
        /** @description One run with its log. */
        RunAnswer: {
            ok: boolean;
            run: components["schemas"]["Run"];
        };
        /** @description How a run failed. */
        RunError: {
            kind: components["schemas"]["ErrorKind"];
            message: string;
            /** @description Whether the slot is tried again. */
            retryable: boolean;
        };
        /** @description A run that has not ended. */
        RunInFlight: {
            /**
             * Format: int32
             * @description 1 for the first attempt at a slot.
             */
            attempt: number;
            run_id: string;
            slot: components["schemas"]["Epoch"] | null;
            slot_iso: components["schemas"]["Iso"] | null;
            started: components["schemas"]["Epoch"];
            started_iso: components["schemas"]["Iso"];
            trigger: components["schemas"]["Trigger"];
            worker: string;
        };
        /** @description Why to run, and how long to wait for the end. */
        RunNowRequest: {
            /** @description In the operator's words. */
            reason?: string | null;
            /**
             * Format: int32
             * @description How long the answer may wait for the run's end.
             * @default 10
             */
            wait_sec?: number | null;
        };
        /** @enum {string} */
        RunState: "running" | "succeeded" | "failed" | "cancelled" | "timed_out" | "abandoned";
        /** @description One page of runs. */
        RunsAnswer: {
            next_cursor: string | null;
            ok: boolean;
            runs: components["schemas"]["Run"][];
        };
        /** @description A tenant's schedule: what was asked for, where it stands, how it went. */
        Schedule: {
            breaker: components["schemas"]["Breaker"] | null;
            catch_up: components["schemas"]["CatchUp"];
            created: components["schemas"]["Epoch"];
            created_iso: components["schemas"]["Iso"];
            /** @description Five cron fields; null with `interval_sec`. */
            cron: string | null;
            ends_at: components["schemas"]["Epoch"] | null;
            ends_at_iso: components["schemas"]["Iso"] | null;
            /**
             * Format: int32
             * @description Failed slots in a row.
             */
            failures: number;
            hold_until: components["schemas"]["Epoch"] | null;
            hold_until_iso: components["schemas"]["Iso"] | null;
            /**
             * Format: int32
             * @description Seconds between slots; null with `cron`.
             */
            interval_sec: number | null;
            /**
             * Format: int32
             * @description Each slot starts up to this much later.
             */
            jitter_sec: number;
            last_run: components["schemas"]["Epoch"] | null;
            last_run_iso: components["schemas"]["Iso"] | null;
            last_status: components["schemas"]["LastStatus"] | null;
            next_run: components["schemas"]["Epoch"] | null;
            /**
             * Format: double
             * @description Only in `schedule/status`: null while paused, 0 when due, else seconds.
             */
            next_run_in_sec?: number | null;
            next_run_iso: components["schemas"]["Iso"] | null;
            /** @description The operator's remark. */
            note: string | null;
            overlap: components["schemas"]["Overlap"];
            pause: components["schemas"]["Pause"] | null;
            /**
             * Format: int32
             * @description Failed slots in a row that open the breaker.
             */
            pause_after_failures: number;
            /** @description Whether an operator has paused it. */
            paused: boolean;
            retry: components["schemas"]["RetryPolicy"];
            retrying: components["schemas"]["Retrying"] | null;
            /**
             * Format: int64
             * @description Counts every change; also the `ETag`.
             */
            revision: number;
            run: components["schemas"]["RunInFlight"] | null;
            /** @description Whether a run is in flight. */
            running: boolean;
            /** @description Where the data comes from. */
            source: string;
            starts_at: components["schemas"]["Epoch"] | null;
            starts_at_iso: components["schemas"]["Iso"] | null;
            /** @description The one word that says how it stands. */
            state: components["schemas"]["ScheduleState"];
            /** @description Labels that group tenants. */
            tags: string[];
            /** @description Whose it is. */
            tenant: string;
            /**
             * Format: int32
             * @description A run is stopped after this long.
             */
            timeout_sec: number;
            /** @description The IANA zone of `cron`. */
            timezone: string | null;
        };
        /** @description A schedule as it stands. */
        ScheduleAnswer: {
            ok: boolean;
            schedule: components["schemas"]["Schedule"];
        };
        /** @description What an operator asks of a schedule. What is absent stays as it is, or is the default. */
        ScheduleRequest: {
            catch_up?: components["schemas"]["CatchUp"] | null;
            /**
             * @description Five fields, minute to weekday; excludes `interval_sec`.
             * @example *\/15 6-20 * * MON-FRI
             */
            cron?: string | null;
            ends_at?: components["schemas"]["Instant"] | null;
            /**
             * Format: int32
             * @description Seconds between slots; excludes `cron`.
             * @default 300
             */
            interval_sec?: number | null;
            /**
             * Format: int32
             * @description Each slot starts up to this much later, by a fixed draw.
             */
            jitter_sec?: number | null;
            /** @description A remark; null clears it. */
            note?: string | null;
            overlap?: components["schemas"]["Overlap"] | null;
            /**
             * Format: int32
             * @description Failed slots in a row that open the breaker.
             */
            pause_after_failures?: number | null;
            retry?: components["schemas"]["RetryRequest"] | null;
            starts_at?: components["schemas"]["Instant"] | null;
            /** @description Labels that group tenants. */
            tags?: string[] | null;
            /**
             * Format: int32
             * @description A run is stopped after this long.
             */
            timeout_sec?: number | null;
            /**
             * @description The IANA zone of `cron`.
             * @example America/Chicago
             */
            timezone?: string | null;
        };
        /** @enum {string} */
        ScheduleState: "ok" | "error" | "paused" | "running" | "backoff" | "broken" | "never";
        /** @description A schedule after it was created or edited. */
        ScheduledAnswer: {
            /** @description Whether it was created by this request. */
            created: boolean;
            /** Format: int32 */
            interval_sec: number | null;
            /** @description In words. */
            message: string;
            ok: boolean;
            schedule: components["schemas"]["Schedule"];
            source: string;
            tenant: string;
        };
        /** @description The list for new clients: only absolute times, so that it changes only when something does. */
        SchedulesAnswer: {
            /** @description Of the principal's tenants; of the one tenant where `tenant` is given. */
            counts: components["schemas"]["Counts"];
            /**
             * Format: int64
             * @description How many of them the filter picks.
             */
            matched: number;
            next_cursor: string | null;
            ok: boolean;
            schedules: components["schemas"]["Schedule"][];
            /**
             * Format: int64
             * @description What to ask `/api/changes` with.
             */
            version: number;
        };
        /** @description A token to begin a session with. */
        SessionRequest: {
            token: string;
        };
        /** @description No session is left. */
        SignedOutAnswer: {
            ok: boolean;
        };
        /** @description A run that is still in flight. */
        StartedAnswer: {
            /** @description Where to ask how it goes. */
            location: string;
            ok: boolean;
            run_id: string;
            state: components["schemas"]["RunState"];
            tenant: string;
        };
        /** @description What a run brought. */
        Stats: {
            /**
             * Format: int64
             * @description Records seen for the first time.
             */
            created: number;
            /**
             * Format: int64
             * @description Records that could not be read.
             */
            failed: number;
            /**
             * Format: int64
             * @description Records that the upstream no longer has.
             */
            gone: number;
            /**
             * Format: int64
             * @description Records created or changed by content.
             */
            imported: number;
            /**
             * Format: int64
             * @description Requests sent upstream.
             */
            requests: number;
            /**
             * Format: int64
             * @description Records seen unchanged.
             */
            skipped: number;
            /**
             * Format: int64
             * @description Records whose content changed.
             */
            updated: number;
        };
        /** @description The original's list: a map, with a clock in it. */
        StatusAnswer: {
            /** @description Of the principal's tenants; of the one tenant where `tenant` is given. */
            counts: components["schemas"]["Counts"];
            next_cursor: string | null;
            ok: boolean;
            /** @description The schedules, by tenant. */
            schedules: {
                [key: string]: components["schemas"]["Schedule"];
            };
            ts: components["schemas"]["Epoch"];
            ts_iso: components["schemas"]["Iso"];
        };
        /** @description `*` for all tenants, or a list of them. */
        TenantsChoice: "*" | string[];
        /** @description What a tick did. */
        TickAnswer: {
            /**
             * Format: int64
             * @description Runs that were started.
             */
            claimed: number;
            /** Format: int64 */
            failed: number;
            next_due: components["schemas"]["Epoch"] | null;
            next_due_iso: components["schemas"]["Iso"] | null;
            ok: boolean;
            /**
             * Format: int64
             * @description Records that are still due.
             */
            remaining_due: number;
            /** Format: int64 */
            succeeded: number;
        };
        /** @description The scheduler. */
        TickerHealth: {
            /** @description In words. */
            detail: string;
            /** Format: int64 */
            in_flight: number;
            last_tick: components["schemas"]["Epoch"] | null;
            last_tick_iso: components["schemas"]["Iso"] | null;
            ok: boolean;
            /** @description Whether a driver is at work all the time, or ticks come from outside. */
            resident: boolean;
        };
        /** @description How many runs start when. */
        TimelineAnswer: {
            /** Format: int64 */
            bucket_sec: number;
            buckets: components["schemas"]["TimelineBucket"][];
            from: components["schemas"]["Epoch"];
            from_iso: components["schemas"]["Iso"];
            ok: boolean;
            /** @description From here on `ran` is whole: of the runs in the window, the latest 10,000 are counted. */
            ran_since: components["schemas"]["Epoch"];
            ran_since_iso: components["schemas"]["Iso"];
            /** @description The first of the slots to come, by name. */
            starts: components["schemas"]["TimelineStart"][];
            until: components["schemas"]["Epoch"];
            until_iso: components["schemas"]["Iso"];
        };
        /** @description One stretch of the window. */
        TimelineBucket: {
            at: components["schemas"]["Epoch"];
            at_iso: components["schemas"]["Iso"];
            /**
             * Format: int64
             * @description Slots to come in it, of schedules that are not paused; jitter aside.
             */
            due: number;
            /**
             * Format: int64
             * @description Of those, runs that failed, took too long or were abandoned.
             */
            failed: number;
            /**
             * Format: int64
             * @description Runs that were started in it.
             */
            ran: number;
            /**
             * Format: int64
             * @description Of those, runs that succeeded.
             */
            succeeded: number;
        };
        /** @description A run that is to come. */
        TimelineStart: {
            /** @description Its slot, jitter aside. */
            at: components["schemas"]["Epoch"];
            at_iso: components["schemas"]["Iso"];
            tenant: string;
        };
        /** @description A token, without its secret. */
        Token: {
            created: components["schemas"]["Epoch"];
            created_iso: components["schemas"]["Iso"];
            expired: boolean;
            expires: components["schemas"]["Epoch"] | null;
            expires_iso: components["schemas"]["Iso"] | null;
            id: string;
            name: string;
            role: components["schemas"]["Role"];
            /** @description `["*"]` stands for all tenants. */
            tenants: string[];
        };
        /** @description A new token with its secret, which shows only here. */
        TokenCreatedAnswer: {
            ok: boolean;
            /** @description What to send as `Authorization: Bearer …`. */
            secret: string;
            token: components["schemas"]["Token"];
        };
        /** @description What a token is to allow. */
        TokenRequest: {
            expires_at?: components["schemas"]["Instant"] | null;
            /** @description What it is for; stands in the audit trail as the actor. */
            name: string;
            role: components["schemas"]["Role"];
            /** @default * */
            tenants?: components["schemas"]["TenantsChoice"] | null;
        };
        /** @description A token that works no more. */
        TokenRevokedAnswer: {
            id: string;
            ok: boolean;
            revoked: boolean;
        };
        /** @description The tokens. */
        TokensAnswer: {
            /** @description Always null: the list is whole. */
            next_cursor: string | null;
            ok: boolean;
            tokens: components["schemas"]["Token"][];
        };
        /** @enum {string} */
        Trigger: "schedule" | "manual" | "retry";
        /** @description Whether the audit trail is whole. */
        VerifyAnswer: {
            broken: components["schemas"]["BrokenEntry"] | null;
            /**
             * Format: int64
             * @description Chains that were checked.
             */
            chains: number;
            /**
             * Format: int64
             * @description Entries that were checked.
             */
            entries: number;
            ok: boolean;
            /** @description Whether every entry is there and unaltered. */
            valid: boolean;
        };
        /** @description The caller. */
        WhoamiAnswer: {
            actor: string;
            auth: components["schemas"]["AuthWord"];
            ok: boolean;
            role: components["schemas"]["Role"];
            /** @description `["*"]` stands for all tenants. */
            tenants: string[];
        };
    };
    responses: {
        /** @description The request was not carried out */
        Problem: {
            headers: {
                "x-request-id"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description What sends the request, for the audit trail */
        Client: "ui" | "cli";
        /** @description Repeats of a request under the same key are answered alike, and carried out once */
        IdempotencyKey: string;
        /** @description The revision that is to be changed; another one is answered with 412 */
        IfMatch: string;
        /** @description Names the request in the answer, the log and the audit trail; made up if absent */
        RequestId: string;
        /** @description Where the data comes from */
        Source: string;
        /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
        Tenant: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    verifyAudit: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The verdict */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerifyAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    capabilities: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What this host can do */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CapabilitiesAnswer"];
                };
            };
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listChanges: {
        parameters: {
            query: {
                /** @description The `version` of a list or of the last answer. */
                since: number;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesAnswer"];
                };
            };
            /** @description Nothing has changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            410: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description Only of this operation. */
                operation?: components["schemas"]["AuditOperation"];
                /** @description Only by this actor. */
                actor?: string;
                /** @description At or after: an RFC 3339 instant or epoch seconds. */
                since?: string;
                /** @description Before: an RFC 3339 instant or epoch seconds. */
                until?: string;
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    exportAudit: {
        parameters: {
            query?: {
                /** @description The format of the file. */
                format?: "csv" | "json" | "ndjson";
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description Only of this operation. */
                operation?: components["schemas"]["AuditOperation"];
                /** @description Only by this actor. */
                actor?: string;
                /** @description At or after: an RFC 3339 instant or epoch seconds. */
                since?: string;
                /** @description Before: an RFC 3339 instant or epoch seconds. */
                until?: string;
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries as a file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditExport"];
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listBulks: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bulk commands */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    bulk: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkRequest"];
            };
        };
        responses: {
            /** @description What became of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkAnswer"];
                };
            };
            /** @description With `background`: it was accepted and goes on by itself */
            202: {
                headers: {
                    /** @description Where to ask how far it is */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkProgress"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    getBulk: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description The bulk command */
                id: string;
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bulk command */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkProgress"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    cancelBulk: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description The bulk command */
                id: string;
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["EmptyRequest"];
            };
        };
        responses: {
            /** @description The rest stays as it is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkProgress"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    getConnection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connection */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    putConnection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionRequest"];
            };
        };
        responses: {
            /** @description The key is set */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    deleteConnection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    testConnection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the upstream said */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTestAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    explain: {
        parameters: {
            query?: {
                /** @description The instant (default: now): an RFC 3339 instant or epoch seconds. */
                at?: string;
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Why */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExplainAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listOccurrences: {
        parameters: {
            query?: {
                /** @description From here on (default: a day before `until`): an RFC 3339 instant or epoch seconds. */
                since?: string;
                /** @description Up to here (default: now): an RFC 3339 instant or epoch seconds. */
                until?: string;
                /** @description Ranges of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The slots of the window */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OccurrencesAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    pauseSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PauseRequest"];
            };
        };
        responses: {
            /** @description The schedule is paused */
            200: {
                headers: {
                    /** @description The revision */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PausedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listRecords: {
        parameters: {
            query?: {
                /**
                 * @description Only of this kind.
                 * @example jobs
                 */
                entity?: string;
                /** @description Whose content changed here at or after: an RFC 3339 instant or epoch seconds. */
                changed_since?: string;
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    exportRecords: {
        parameters: {
            query?: {
                /**
                 * @description Only of this kind.
                 * @example jobs
                 */
                entity?: string;
                /** @description Whose content changed here at or after: an RFC 3339 instant or epoch seconds. */
                changed_since?: string;
                /** @description The format of the file. */
                format?: "ndjson" | "csv";
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records as a file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    getRecord: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Its kind */
                entity: string;
                /** @description Its name at the upstream */
                external_id: string;
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    resumeSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["EmptyRequest"];
            };
        };
        responses: {
            /** @description The schedule is not paused */
            200: {
                headers: {
                    /** @description The revision */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PausedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    runNow: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RunNowRequest"];
            };
        };
        responses: {
            /** @description The run has succeeded */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RanAnswer"];
                };
            };
            /** @description The run is still in flight */
            202: {
                headers: {
                    /** @description The run */
                    location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            /** @description The import failed upstream */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RanAnswer"];
                };
            };
            503: components["responses"]["Problem"];
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description Only those in this state. */
                state?: components["schemas"]["RunState"];
                /** @description Only those started for this reason. */
                trigger?: components["schemas"]["Trigger"];
                /** @description Started at or after: an RFC 3339 instant or epoch seconds. */
                since?: string;
                /** @description Started before: an RFC 3339 instant or epoch seconds. */
                until?: string;
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunsAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    latestRuns: {
        parameters: {
            query: {
                /** @description Up to 100 tenants, separated by commas. */
                tenants: string;
                /** @description Runs of each. */
                each?: number;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LatestRunsAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    getRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description The run */
                run_id: string;
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    cancelRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description The run */
                run_id: string;
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["EmptyRequest"];
            };
        };
        responses: {
            /** @description The run ends cancelled */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CancelledAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    getSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule */
            200: {
                headers: {
                    /** @description The revision */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    putSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ScheduleRequest"];
            };
        };
        responses: {
            /** @description The schedule as it stands */
            200: {
                headers: {
                    /** @description The revision */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    deleteSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    editSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description The revision that is to be changed; another one is answered with 412 */
                "if-match"?: components["parameters"]["IfMatch"];
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduleRequest"];
            };
        };
        responses: {
            /** @description The schedule as it stands */
            200: {
                headers: {
                    /** @description The revision */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    previewSchedule: {
        parameters: {
            query?: {
                /** @description How many. */
                count?: number;
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The next slots */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    previewProposal: {
        parameters: {
            query?: {
                /** @description How many. */
                count?: number;
            };
            header?: {
                /** @description Whose schedule; a token bound to exactly one tenant may leave it out */
                "x-tenant"?: components["parameters"]["Tenant"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ScheduleRequest"];
            };
        };
        responses: {
            /** @description The next slots */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    scheduleStatus: {
        parameters: {
            query?: {
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description Only those whose tenant or note holds this text. */
                q?: string;
                /**
                 * @description Only those in one of these states, separated by commas.
                 * @example error,broken
                 */
                state?: string;
                /** @description Only those with one of these tags, separated by commas. */
                tag?: string;
                /**
                 * @description Only those with one of these intervals, in seconds, separated by commas.
                 * @example 300,900
                 */
                interval_sec?: string;
                /** @description Only those that are past due by more than twice their interval and a minute. */
                overdue?: boolean;
                /** @description The order; a minus sign turns it round. Ties fall by tenant, rows without the value come last. */
                sort?: "tenant" | "-tenant" | "next_run" | "-next_run" | "last_run" | "-last_run" | "state" | "-state" | "failures" | "-failures";
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedules, by tenant */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listSchedules: {
        parameters: {
            query?: {
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description Only those whose tenant or note holds this text. */
                q?: string;
                /**
                 * @description Only those in one of these states, separated by commas.
                 * @example error,broken
                 */
                state?: string;
                /** @description Only those with one of these tags, separated by commas. */
                tag?: string;
                /**
                 * @description Only those with one of these intervals, in seconds, separated by commas.
                 * @example 300,900
                 */
                interval_sec?: string;
                /** @description Only those that are past due by more than twice their interval and a minute. */
                overdue?: boolean;
                /** @description The order; a minus sign turns it round. Ties fall by tenant, rows without the value come last. */
                sort?: "tenant" | "-tenant" | "next_run" | "-next_run" | "last_run" | "-last_run" | "state" | "-state" | "failures" | "-failures";
                /** @description Rows of a page. */
                limit?: number;
                /** @description Where the page begins: the `next_cursor` of the one before. */
                cursor?: string;
            };
            header?: {
                /** @description The `ETag` that was read before */
                "if-none-match"?: string;
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedules */
            200: {
                headers: {
                    /** @description The version and the query */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulesAnswer"];
                };
            };
            /** @description Nothing has changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    timeline: {
        parameters: {
            query?: {
                /** @description The start (default: now), set back to a whole stretch: an RFC 3339 instant or epoch seconds. */
                from?: string;
                /** @description The end (default: an hour after the start): an RFC 3339 instant or epoch seconds. */
                until?: string;
                /** @description The length of a stretch (default 60). A window has at most 1,500 of them. */
                bucket_sec?: number;
                /** @description Only this tenant's. */
                tenant?: string;
                /** @description How many slots to come to name, the earliest first (default 0). */
                starts?: number;
            };
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description Where the data comes from */
                source: components["parameters"]["Source"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    streamEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The last event that was read */
                "last-event-id"?: string;
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ChangeEvent"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    beginSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionRequest"];
            };
        };
        responses: {
            /** @description The session has begun */
            200: {
                headers: {
                    /** @description The session */
                    "set-cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoamiAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No session is left */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedOutAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    listTokens: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokensAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description The token with its secret */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenCreatedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeats of a request under the same key are answered alike, and carried out once */
                "idempotency-key"?: components["parameters"]["IdempotencyKey"];
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path: {
                /** @description The token's public part */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token works no more */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenRevokedAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    whoami: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoamiAnswer"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counters */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain; version=0.0.4; charset=utf-8": string;
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The OpenAPI document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Particulars"];
                };
            };
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            /** @description It can not */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
        };
    };
    ping: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process lives */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PingAnswer"];
                };
            };
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
    tick: {
        parameters: {
            query?: never;
            header?: {
                /** @description What sends the request, for the audit trail */
                "x-client"?: components["parameters"]["Client"];
                /** @description Names the request in the answer, the log and the audit trail; made up if absent */
                "x-request-id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the tick did */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TickAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            421: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Problem"];
            500: components["responses"]["Problem"];
            503: components["responses"]["Problem"];
        };
    };
}

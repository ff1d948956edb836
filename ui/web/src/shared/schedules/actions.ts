import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { http, newKey, ok, problem, sent } from "../api/http.ts";
import { isProblem } from "../api/problem.ts";
import { useSource } from "../api/session.ts";
import type { Schedule } from "../api/types.ts";
import { shown } from "../live/roster.ts";
import { getRoster, tell } from "../live/store.ts";
import { serverNow } from "../time/clock.ts";
import { every, plural } from "../time/format.ts";
import { openDialog } from "../ui/dialogs.ts";
import { toast, toastError } from "../ui/toasts.tsx";

/** What the schedule will most likely look like once paused. */
export function pausedPatch(now: number, reason?: string, until?: number): Partial<Schedule> {
  const iso = (at: number) => new Date(at * 1000).toISOString();
  return {
    paused: true,
    next_run: null,
    next_run_iso: null,
    pause: {
      actor: "you",
      since: now,
      since_iso: iso(now),
      reason: reason ?? null,
      until: until ?? null,
      until_iso: until === undefined ? null : iso(until),
    },
  };
}

/** How a schedule stands once it is no longer paused, as far as can be told here. */
export function resumedPatch(schedule: Schedule): Partial<Schedule> {
  const last = schedule.last_status;
  const state = schedule.running ? "running" : last === null ? "never" : last.ok ? "ok" : "error";
  return { paused: false, state, pause: null };
}

/** What makes it worth asking before a run is started by hand. */
export type RunConcern = "in-flight" | "rate-limited";

/** Whether to ask first: a second run would be refused, and a CRM that holds us back is not to be pressed. */
export function runConcern(
  schedule: Schedule | null | undefined,
  nowSec: number,
): RunConcern | null {
  if (!schedule) return null;
  if (schedule.run) return "in-flight";
  const isHeld = (schedule.hold_until ?? 0) > nowSec;
  const isLimited = schedule.retrying !== null && schedule.last_status?.error === "rate_limited";
  return isHeld || isLimited ? "rate-limited" : null;
}

/** When a schedule runs: what an edit sets and its Undo sets back. */
type Timing = { interval_sec: number } | { cron: string; timezone?: string };

function timingOf(schedule: Schedule): Timing | undefined {
  if (schedule.interval_sec !== null) return { interval_sec: schedule.interval_sec };
  if (schedule.cron === null) return undefined;
  return { cron: schedule.cron, timezone: schedule.timezone ?? "UTC" };
}

/** The commands for one tenant, each with its optimism, its message and its way back. */
export function useActions() {
  const client = useQueryClient();
  const source = useSource();
  return useMemo(() => {
    const path = { source };
    const header = (tenant: string, key: string, revision?: number) => ({
      "x-tenant": tenant,
      "idempotency-key": key,
      ...(revision === undefined ? {} : { "if-match": `"${revision}"` }),
    });

    /** Shows `patch` until the server has answered; a failure takes back this tenant's patch alone. */
    async function hopeful(
      tenant: string,
      patch: Partial<Schedule>,
      send: () => Promise<{ schedule: Schedule }>,
    ): Promise<Schedule> {
      const id = newKey();
      tell({ event: "hope", tenant, hope: { id, patch } });
      try {
        const { schedule } = await send();
        tell({ event: "settle", tenant, id }, { event: "read", schedules: [schedule] });
        return schedule;
      } catch (error) {
        tell({ event: "settle", tenant, id });
        throw error;
      } finally {
        void client.invalidateQueries({ queryKey: ["audit"] });
        void client.invalidateQueries({ queryKey: ["tenant", tenant] });
      }
    }

    async function pause(tenant: string, reason?: string, until?: number): Promise<void> {
      const before = shown(getRoster().rows.get(tenant));
      try {
        const patch: Partial<Schedule> = {
          ...pausedPatch(serverNow() / 1000, reason, until),
          // A run in flight goes on, and says so first.
          state: before?.running ? "running" : "paused",
        };
        await hopeful(tenant, patch, () =>
          sent(async (key) =>
            ok(
              await http.POST("/api/crm/import/{source}/pause", {
                params: { path, header: header(tenant, key) },
                body: {
                  ...(reason ? { reason } : {}),
                  ...(until === undefined ? {} : { until }),
                },
              }),
            ),
          ),
        );
        toast({
          tone: "ok",
          title: `Paused ${tenant}`,
          action: { label: "Undo", run: () => void restore(tenant, before) },
        });
      } catch (error) {
        toastError(`Pause ${tenant}`, error, () => void pause(tenant, reason, until));
      }
    }

    /** Puts a tenant's pause back to what it was, with its reason and its end. */
    function restore(tenant: string, before: Schedule | null | undefined): Promise<void> {
      const former = before?.pause;
      const isOver = former?.until != null && former.until <= serverNow() / 1000;
      if (!former || isOver) return resume(tenant);
      return pause(tenant, former.reason ?? undefined, former.until ?? undefined);
    }

    async function resume(tenant: string): Promise<void> {
      const before = shown(getRoster().rows.get(tenant));
      try {
        await hopeful(tenant, before ? resumedPatch(before) : {}, () =>
          sent(async (key) =>
            ok(
              await http.POST("/api/crm/import/{source}/resume", {
                params: { path, header: header(tenant, key) },
              }),
            ),
          ),
        );
        const { reason, until } = before?.pause ?? {};
        const isOver = until != null && until <= serverNow() / 1000;
        toast({
          tone: "ok",
          title: `Resumed ${tenant}`,
          action: isOver
            ? undefined
            : {
                label: "Undo",
                run: () => void pause(tenant, reason ?? undefined, until ?? undefined),
              },
        });
      } catch (error) {
        toastError(`Resume ${tenant}`, error, () => void resume(tenant));
      }
    }

    const setInterval = (tenant: string, interval: number) =>
      setTiming(tenant, { interval_sec: interval });

    async function setTiming(tenant: string, timing: Timing, tries = 3): Promise<void> {
      const before = shown(getRoster().rows.get(tenant));
      const old = before ? timingOf(before) : undefined;
      try {
        const patch = { interval_sec: null, cron: null, timezone: null, ...timing };
        await hopeful(tenant, patch, () =>
          sent(async (key) =>
            ok(
              await http.PATCH("/api/crm/import/{source}/schedule", {
                params: { path, header: header(tenant, key, before?.revision) },
                body: timing,
              }),
            ),
          ),
        );
        toast({
          tone: "ok",
          title: `${tenant} now runs ${"cron" in timing ? `by ${timing.cron}` : every(timing.interval_sec)}`,
          action: old ? { label: "Undo", run: () => void setTiming(tenant, old) } : undefined,
        });
      } catch (error) {
        if (isProblem(error, "revision_mismatch") && tries > 0) {
          // A run that starts or ends counts as a change too: only another's edit is worth asking about.
          const fresh = await refresh(tenant).catch(() => undefined);
          const isOurs = (["interval_sec", "cron", "timezone"] as const).every(
            (name) => fresh?.[name] === before?.[name],
          );
          if (fresh && isOurs) return setTiming(tenant, timing, tries - 1);
          if (before && "interval_sec" in timing) {
            toastError(`Edit ${tenant}`, error, {
              label: "Compare",
              run: () =>
                openDialog({
                  kind: "form",
                  tenant,
                  meant: { interval: timing.interval_sec, before },
                }),
            });
            return;
          }
        }
        toastError(`Edit ${tenant}`, error, () => void setTiming(tenant, timing));
      }
    }

    async function refresh(tenant: string): Promise<Schedule> {
      const { schedule } = ok(
        await http.GET("/api/crm/import/{source}/schedule", {
          params: { path, header: { "x-tenant": tenant } },
        }),
      );
      tell({ event: "read", schedules: [schedule] });
      return schedule;
    }

    /** Starts a run at once, or asks first where there is a reason to. */
    async function runNow(tenant: string): Promise<void> {
      const why = runConcern(shown(getRoster().rows.get(tenant)), serverNow() / 1000);
      if (why === null) return startRun(tenant);
      openDialog({ kind: "run", tenant, why });
    }

    async function startRun(tenant: string): Promise<void> {
      toast({ tone: "info", title: `Running ${tenant}…` });
      try {
        const { answer, failed } = await sent(async (key) => {
          const { data, error, response } = await http.POST("/api/crm/import/{source}/run-now", {
            params: { path, header: header(tenant, key) },
            body: { wait_sec: 10 },
          });
          // An import that failed upstream is told in the same shape as one that went well.
          if (response.status === 502 && error && "result" in error) {
            return { answer: error, failed: true };
          }
          if (!data) throw problem(error, response);
          return { answer: data, failed: false };
        });
        if (!("result" in answer)) {
          toast({ tone: "ok", title: `${tenant} is running`, detail: `Run ${answer.run_id}` });
        } else if (failed) {
          toast({ tone: "error", title: `${tenant}: import failed`, detail: answer.message });
        } else {
          const { imported, skipped } = answer.result.stats;
          toast({
            tone: "ok",
            title: `${tenant}: ${plural(imported, "record")} imported, ${skipped} skipped`,
          });
        }
      } catch (error) {
        toastError(`Run ${tenant}`, error);
      } finally {
        await refresh(tenant).catch(() => undefined);
        void client.invalidateQueries({ queryKey: ["runs"] });
        void client.invalidateQueries({ queryKey: ["audit"] });
        void client.invalidateQueries({ queryKey: ["tenant", tenant] });
      }
    }

    async function cancel(tenant: string, runId: string): Promise<void> {
      try {
        await sent(async (key) =>
          ok(
            await http.POST("/api/crm/import/{source}/runs/{run_id}/cancel", {
              params: { path: { source, run_id: runId }, header: { "idempotency-key": key } },
            }),
          ),
        );
        toast({ tone: "ok", title: `Cancelled the run of ${tenant}` });
      } catch (error) {
        toastError(`Cancel the run of ${tenant}`, error);
      } finally {
        await refresh(tenant).catch(() => undefined);
        void client.invalidateQueries({ queryKey: ["runs"] });
      }
    }

    /** Not optimistic: a tenant that comes back is worse than one that stays a moment longer. */
    async function remove(tenant: string, key: string): Promise<void> {
      await sent(
        async (key) =>
          ok(
            await http.DELETE("/api/crm/import/{source}/schedule", {
              params: { path, header: header(tenant, key) },
            }),
          ),
        key,
      );
      tell({ event: "gone", tenant });
      void client.invalidateQueries({ queryKey: ["schedules"] });
      void client.invalidateQueries({ queryKey: ["audit"] });
      toast({ tone: "ok", title: `Deleted ${tenant}`, detail: "Its history and audit stay." });
    }

    return { pause, resume, setInterval, refresh, runNow, startRun, cancel, remove };
  }, [client, source]);
}

export type Actions = ReturnType<typeof useActions>;

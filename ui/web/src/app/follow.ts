import { type InfiniteData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { capabilitiesQuery, whoamiQuery } from "../shared/api/session.ts";
import type { ChangeEvent } from "../shared/api/types.ts";
import { doubtBeats, tellBeat } from "../shared/live/beats.ts";
import { startLive } from "../shared/live/live.ts";
import { getRoster, tell } from "../shared/live/store.ts";
import { usePrefs } from "../shared/prefs.ts";

const MOST_PAGES = 3;

/** Calls `run` at once and then at most every `ms`, however often it is asked to. */
function throttled(ms: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const fire = () => {
    again = false;
    run();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) fire();
    }, ms);
  };
  return () => {
    if (timer === undefined) fire();
    else again = true;
  };
}

/** Keeps what is shown in step with the server. Gives a way to ask right now. */
export function useFollow(): () => void {
  const client = useQueryClient();
  const { data: capabilities } = useQuery(capabilitiesQuery);
  const { data: whoami } = useQuery(whoamiQuery);
  const { refreshSec } = usePrefs();
  const refresh = useRef<() => void>(() => {});
  const bounded = whoami ? !whoami.tenants.includes("*") : false;
  const streaming = capabilities?.streaming;
  const every = capabilities?.poll_interval_sec;
  const known = whoami !== undefined;

  useEffect(() => {
    tell({ event: "scope", bounded });
  }, [bounded]);

  useEffect(() => {
    if (streaming === undefined || every === undefined || !known) return;
    const again = (...queryKey: string[]) => void client.invalidateQueries({ queryKey });
    const counts = throttled(2000, () => again("counts"));
    const audit = throttled(1000, () => again("audit"));
    const runs = throttled(3000, () => again("runs"));
    const lists = throttled(5000, () => {
      void client.invalidateQueries({
        queryKey: ["schedules"],
        predicate: ({ state }) => {
          const data = state.data as InfiniteData<unknown> | undefined;
          return (data?.pages.length ?? 0) <= MOST_PAGES;
        },
      });
    });
    // One frame's events go through the reducer together.
    let waiting: ChangeEvent[] = [];
    let frame = 0;
    const flush = () => {
      frame = 0;
      const changes = waiting;
      waiting = [];
      const { rows } = getRoster();
      const isNew = changes.some(
        (change) => change.event === "schedule.changed" && !rows.get(change.tenant)?.schedule,
      );
      tell(...changes);
      if (isNew) lists();
      const touched = new Set<string>();
      for (const change of changes) {
        if (change.event === "counts.changed") {
          counts();
          lists();
        }
        if (change.event === "audit.appended") audit();
        if (change.event === "run.finished") tellBeat(change.run);
        if (change.event === "run.started" || change.event === "run.finished") {
          touched.add(change.tenant);
          runs();
        }
      }
      for (const tenant of touched) again("tenant", tenant);
    };
    const live = startLive({
      capabilities: { streaming, poll_interval_sec: every },
      refreshSec: refreshSec ?? undefined,
      onChanges(changes) {
        waiting.push(...changes);
        if (document.visibilityState === "hidden") flush();
        else frame ||= requestAnimationFrame(flush);
      },
      onResync() {
        doubtBeats();
        void client.invalidateQueries({
          predicate: ({ queryKey }) => queryKey[0] !== "capabilities" && queryKey[0] !== "whoami",
        });
      },
    });
    refresh.current = () => {
      live.refresh();
      void client.invalidateQueries();
    };
    return () => {
      cancelAnimationFrame(frame);
      live.stop();
    };
  }, [client, streaming, every, refreshSec, known]);

  return () => refresh.current();
}

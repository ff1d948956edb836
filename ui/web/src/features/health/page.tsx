import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../../shared/api/health.ts";
import { useCapabilities } from "../../shared/api/session.ts";
import { useLive } from "../../shared/live/live.ts";
import { count, span } from "../../shared/time/format.ts";
import { Failed, Loading, StaleNote } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Ago, Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";

/** How the control plane itself does. */
export default function HealthPage() {
  useTitle("Health");
  const health = useQuery(healthQuery);
  const capabilities = useCapabilities();
  const live = useLive();
  const parts = health.data && Object.entries(health.data.components);
  const ticker = health.data?.components.ticker;
  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>Health</h1>
        <button type="button" className="button" onClick={() => void health.refetch()}>
          <Icon name="retry" />
          Check now
        </button>
      </div>
      {health.isPending && <Loading label="health" rows={3} />}
      {health.isError && !health.data && (
        <Failed error={health.error} onRetry={() => void health.refetch()} />
      )}
      {health.isError && health.data && (
        <StaleNote error={health.error} onRetry={() => void health.refetch()} />
      )}
      {health.data && (
        <p className="verdict-line" data-tone={health.data.ok ? "ok" : "error"}>
          <Icon name={health.data.ok ? "check" : "cross"} />
          <strong>{health.data.ok ? "Everything works" : "Something can not work"}</strong>
          <span className="faint">
            checked <Ago at={health.data.ts} />
          </span>
        </p>
      )}
      <div className="overview parts">
        {parts?.map(([name, part]) => (
          <section className="card" key={name} aria-labelledby={`part-${name}`}>
            <h2 id={`part-${name}`} className="part-name">
              {name}
            </h2>
            <p className="card-line">
              <span className="badge" data-tone={part.ok ? "ok" : "error"}>
                <Icon name={part.ok ? "check" : "cross"} />
                {part.ok ? "OK" : "DOWN"}
              </span>
              {part.detail}
            </p>
            {name === "ticker" && ticker && (
              <dl className="facts">
                <div>
                  <dt>Last tick</dt>
                  <dd>
                    <Ago at={ticker.last_tick} />
                  </dd>
                </div>
                <div>
                  <dt>In flight</dt>
                  <dd className="number">{count(ticker.in_flight)}</dd>
                </div>
                <div>
                  <dt>Driven</dt>
                  <dd>{ticker.resident ? "by itself" : "from outside"}</dd>
                </div>
              </dl>
            )}
          </section>
        ))}
        {capabilities && (
          <section className="card" aria-labelledby="build">
            <h2 id="build">This deployment</h2>
            <dl className="facts">
              <div>
                <dt>Host</dt>
                <dd>{capabilities.host}</dd>
              </div>
              <div>
                <dt>Version</dt>
                <dd className="mono">{capabilities.version}</dd>
              </div>
              <div>
                <dt>Sources</dt>
                <dd>{capabilities.sources.join(", ")}</dd>
              </div>
              <div>
                <dt>Intervals</dt>
                <dd>
                  {span(capabilities.min_interval_sec)} to {span(capabilities.max_interval_sec)}
                </dd>
              </div>
              <div>
                <dt>Changes</dt>
                <dd>
                  {capabilities.streaming
                    ? "streamed"
                    : `polled every ${capabilities.poll_interval_sec} s`}
                </dd>
              </div>
              <div>
                <dt>Last heard</dt>
                <dd>{live.heard > 0 ? <Stamp at={live.heard / 1000} /> : "—"}</dd>
              </div>
            </dl>
            <p>
              <a href="/openapi.json">API description</a> · <a href="/metrics">Metrics</a>
            </p>
          </section>
        )}
      </div>
    </>
  );
}

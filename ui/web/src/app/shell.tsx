import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import TenantsPage from "../features/tenants/page.tsx";
import { http, onExpired } from "../shared/api/http.ts";
import { isProblem, Problem } from "../shared/api/problem.ts";
import { capabilitiesQuery, useSource, whoamiQuery } from "../shared/api/session.ts";
import { useJob } from "../shared/bulk/store.ts";
import { useCounts } from "../shared/live/store.ts";
import { setPrefs, usePrefs } from "../shared/prefs.ts";
import { Boundary } from "../shared/ui/boundary.tsx";
import { openDialog, useDialog } from "../shared/ui/dialogs.ts";
import { Failed, Loading } from "../shared/ui/faces.tsx";
import { Icon, type IconName, Mark } from "../shared/ui/icons.tsx";
import { Menu } from "../shared/ui/menu.tsx";
import { toastError } from "../shared/ui/toasts.tsx";
import { withParams } from "../shared/url.ts";
import { useBadge } from "./badge.ts";
import { Banners } from "./banners.tsx";
import { useFollow } from "./follow.ts";
import { useKeys } from "./keys.ts";
import { LivePill } from "./live-pill.tsx";
import { wipe } from "./persist.ts";

const loadDialogs = () => import("../features/commands/dialogs.tsx");
const loadPalette = () => import("../features/commands/palette.tsx");
const Dialogs = lazy(loadDialogs);
const JobChip = lazy(() => import("./job-chip.tsx"));
const SignIn = lazy(() => import("../features/session/sign-in.tsx"));
const TenantPage = lazy(() => import("../features/tenant/page.tsx"));
const RunPage = lazy(() => import("../features/run/page.tsx"));
const TimelinePage = lazy(() => import("../features/timeline/page.tsx"));
const AuditPage = lazy(() => import("../features/audit/page.tsx"));
const HealthPage = lazy(() => import("../features/health/page.tsx"));
const SettingsPage = lazy(() => import("../features/settings/page.tsx"));

const places: { path: string; label: string; icon: IconName; phone: boolean }[] = [
  { path: "/", label: "Tenants", icon: "list", phone: true },
  { path: "/timeline", label: "Timeline", icon: "timeline", phone: true },
  { path: "/audit", label: "Audit", icon: "audit", phone: true },
  { path: "/health", label: "Health", icon: "heart", phone: false },
  { path: "/settings", label: "Settings", icon: "gear", phone: true },
];

export function Shell() {
  const whoami = useQuery(whoamiQuery);
  const client = useQueryClient();
  const [expired, setExpired] = useState(false);
  useEffect(() => onExpired(() => setExpired(true)), []);
  const refresh = useFollow();
  useKeys(refresh);
  const counts = useCounts();
  useBadge(counts ? counts.error + counts.broken : 0);
  useEffect(() => {
    // Loaded ahead, so that what is typed right after Ctrl K goes into the palette.
    const timer = setTimeout(() => {
      // What can not be had now is asked for again when it is needed.
      loadDialogs()
        .then(loadPalette)
        .catch(() => undefined);
    }, 1500);
    return () => clearTimeout(timer);
  }, []);
  useZoneInAddress();
  const refused = isProblem(whoami.error, "unauthenticated") || expired;

  const signIn = () => {
    setExpired(false);
    void client.invalidateQueries();
  };
  const signOut = async () => {
    await http.DELETE("/api/session");
    await wipe(client);
    setExpired(true);
  };

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Header onRefresh={refresh} onSignOut={() => void signOut()} />
      <main id="main" tabIndex={-1}>
        {refused ? (
          <Suspense>
            <SignIn onDone={signIn} />
          </Suspense>
        ) : whoami.isError && !whoami.data && whoami.error instanceof Problem ? (
          <>
            <h1 className="visually-hidden">Command Center</h1>
            <Failed error={whoami.error} onRetry={() => void whoami.refetch()} />
          </>
        ) : (
          <>
            <Banners />
            <Boundary>
              <Suspense
                fallback={
                  <>
                    <h1 className="visually-hidden">Command Center</h1>
                    <Loading label="page" rows={8} />
                  </>
                }
              >
                <Pages />
              </Suspense>
            </Boundary>
          </>
        )}
      </main>
      <BottomNav />
      <JobPlace />
      <DialogPlace />
    </div>
  );
}

/** Keeps the zone of the times in the address where it is not the usual one, so that a link shows the same. */
function useZoneInAddress(): void {
  const { zone } = usePrefs();
  const [path, navigate] = useLocation();
  const search = useSearch();
  useEffect(() => {
    const next = withParams(search, { tz: zone === "utc" ? null : zone });
    if (new URLSearchParams(search).get("tz") !== new URLSearchParams(next).get("tz"))
      navigate(path + next, { replace: true });
  }, [zone, path, search, navigate]);
}

function Pages() {
  const [path] = useLocation();
  const first = useRef(true);
  useEffect(() => {
    void path;
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo({ top: 0 });
    requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus());
  }, [path]);
  return (
    <Switch>
      <Route path="/">
        <TenantsPage />
      </Route>
      <Route path="/tenants/:tenant/runs/:run">
        {({ tenant, run }) => <RunPage key={run} tenant={decodeURIComponent(tenant)} run={run} />}
      </Route>
      <Route path="/tenants/:tenant">
        {({ tenant }) => <TenantPage key={tenant} tenant={decodeURIComponent(tenant)} />}
      </Route>
      <Route path="/timeline">
        <TimelinePage />
      </Route>
      <Route path="/audit">
        <AuditPage />
      </Route>
      <Route path="/health">
        <HealthPage />
      </Route>
      <Route path="/settings">
        <SettingsPage />
      </Route>
      <Route>
        <Redirect to="/" replace />
      </Route>
    </Switch>
  );
}

/** The dialogs are loaded with the first one that is asked for. */
function DialogPlace() {
  const wanted = useDialog();
  return wanted === null ? null : (
    <Boundary
      onError={(error) => {
        openDialog(null);
        toastError("This could not be opened", error, () => location.reload());
      }}
    >
      <Suspense>
        <Dialogs />
      </Suspense>
    </Boundary>
  );
}

/** A bulk command that goes on shows itself on every page. */
function JobPlace() {
  const source = useSource();
  useEffect(() => {
    // One that was begun before this page was opened goes on, too.
    const find = () => import("../shared/bulk/job.ts").then(({ findJob }) => findJob(source));
    const timer = setTimeout(() => void find().catch(() => undefined), 1000);
    return () => clearTimeout(timer);
  }, [source]);
  return useJob() === null ? null : (
    <Suspense>
      <JobChip />
    </Suspense>
  );
}

function useCurrent(): (path: string) => boolean {
  const [location] = useLocation();
  return (path) =>
    path === "/" ? location === "/" || location.startsWith("/tenants") : location.startsWith(path);
}

function Header({ onRefresh, onSignOut }: { onRefresh: () => void; onSignOut: () => void }) {
  const { data: capabilities } = useQuery(capabilitiesQuery);
  const { data: whoami } = useQuery(whoamiQuery);
  const isCurrent = useCurrent();
  const { theme, source, zone } = usePrefs();
  const [, navigate] = useLocation();
  const isDark = document.documentElement.dataset.theme === "dark";
  void theme;
  return (
    <header className="top">
      <Link href="/" className="brand" aria-label="AetherLink Command Center">
        <Mark />
        <span className="brand-name">
          AetherLink <span className="brand-rest">Command Center</span>
        </span>
      </Link>
      {capabilities?.environment && <span className="environment">{capabilities.environment}</span>}
      <nav className="top-nav" aria-label="Pages">
        {places.map(({ path, label }) => (
          <Link key={path} href={path} aria-current={isCurrent(path) ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      <div className="top-end">
        {capabilities && capabilities.sources.length > 1 && (
          <select
            aria-label="Source"
            value={source ?? capabilities.sources[0]}
            onChange={({ target }) => setPrefs({ source: target.value })}
          >
            {capabilities.sources.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
        <LivePill onRefresh={onRefresh} />
        <button
          type="button"
          className="palette-button"
          aria-label="Commands, Ctrl K"
          onClick={() => openDialog({ kind: "palette" })}
        >
          <Icon name="search" />
          <kbd>Ctrl K</kbd>
        </button>
        <button
          type="button"
          className="icon-button theme-button"
          aria-label={isDark ? "Switch to the light theme" : "Switch to the dark theme"}
          onClick={() => setPrefs({ theme: isDark ? "light" : "dark" })}
        >
          <Icon name={isDark ? "sun" : "moon"} />
        </button>
        {whoami && (
          <Menu
            label={`Signed in as ${whoami.actor}, ${whoami.role}`}
            className="who"
            items={() => [
              { label: "Settings", icon: "gear", onSelect: () => navigate("/settings") },
              { label: "Health", icon: "heart", onSelect: () => navigate("/health") },
              {
                label: zone === "utc" ? "Show local time" : "Show UTC",
                icon: "clock",
                onSelect: () => setPrefs({ zone: zone === "utc" ? "local" : "utc" }),
              },
              {
                label: "Keyboard shortcuts",
                icon: "why",
                onSelect: () => openDialog({ kind: "keys" }),
              },
              ...(whoami.auth === "open"
                ? []
                : [{ label: "Sign out", icon: "left" as const, onSelect: onSignOut }]),
            ]}
          >
            <Icon name="user" />
            <span className="who-name">{whoami.actor}</span>
            <span className="role">{whoami.role}</span>
          </Menu>
        )}
      </div>
    </header>
  );
}

function BottomNav() {
  const isCurrent = useCurrent();
  return (
    <nav className="bottom-nav" aria-label="Pages, at the bottom">
      {places
        .filter(({ phone }) => phone)
        .map(({ path, label, icon }) => (
          <Link key={path} href={path} aria-current={isCurrent(path) ? "page" : undefined}>
            <Icon name={icon} />
            {path === "/settings" ? "More" : label}
          </Link>
        ))}
    </nav>
  );
}

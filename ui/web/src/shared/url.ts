import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

export type ParamValue = string | number | boolean | null | undefined;

/** The address's parameters after `changes`; what is empty, false or null is left out. */
export function withParams(search: string, changes: Record<string, ParamValue>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value == null || value === "" || value === false) params.delete(name);
    else params.set(name, value === true ? "1" : String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** The address's parameters, and a way to change some of them without a new place in the history. */
export function useParamsState(): [URLSearchParams, (changes: Record<string, ParamValue>) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback(
    (changes: Record<string, ParamValue>) => {
      navigate(path + withParams(search, changes), { replace: true });
    },
    [navigate, path, search],
  );
  return [params, change];
}

export function tenantPath(tenant: string, rest = ""): string {
  return `/tenants/${encodeURIComponent(tenant)}${rest}`;
}

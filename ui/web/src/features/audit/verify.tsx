import { useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { explained } from "../../shared/api/problem.ts";
import { plural } from "../../shared/time/format.ts";
import { Icon } from "../../shared/ui/icons.tsx";

/** Checks on request that nothing is missing from the trail. */
export function Verify() {
  const check = useQuery({
    queryKey: ["verify"],
    enabled: false,
    gcTime: 0,
    retry: false,
    queryFn: async () => ok(await http.GET("/api/audit/verify")),
  });
  const { data, error, isFetching } = check;
  return (
    <span className="verify">
      <span role="status" className={data && !data.valid ? "field-error" : "faint"}>
        {error ? explained(error).detail : ""}
        {data?.valid && `${plural(data.entries, "entry", "entries")} verified`}
        {data && !data.valid && `Broken at ${data.broken?.tenant ?? "control plane"}`}
      </span>
      <button
        type="button"
        className="button small"
        disabled={isFetching}
        onClick={() => void check.refetch()}
      >
        <Icon name="check" />
        {isFetching ? "Checking…" : "Verify chain"}
      </button>
    </span>
  );
}

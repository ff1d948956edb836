import { http, problem } from "./http.ts";

/** How the control plane does. 503 has the same body: it says which part can not work. */
export const healthQuery = {
  queryKey: ["health"],
  refetchInterval: 30_000,
  retry: false,
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const { data, error, response } = await http.GET("/ops/health", { signal });
    if (data) return data;
    if (error && "components" in error) return error;
    throw problem(error, response);
  },
};

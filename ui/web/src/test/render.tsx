import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { Toasts } from "../shared/ui/toasts.tsx";

/** Renders with a query client of its own and an address that lives in memory only. */
export function show(element: ReactNode, at = "/") {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const [path, search] = at.split("?");
  const memory = memoryLocation({ path: path ?? "/", searchPath: search ?? "", record: true });
  const view = render(
    <QueryClientProvider client={client}>
      <Router hook={memory.hook} searchHook={memory.searchHook}>
        {element}
        <Toasts />
      </Router>
    </QueryClientProvider>,
  );
  return { ...view, client, memory };
}

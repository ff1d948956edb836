import { onlineManager, QueryClient } from "@tanstack/react-query";
import { PersistQueryClientProvider } from "@tanstack/react-query-persist-client";
import { useState } from "react";
import { Problem } from "../shared/api/problem.ts";
import { isReachable, onReach } from "../shared/api/reach.ts";
import { Toasts } from "../shared/ui/toasts.tsx";
import { persistence, recall } from "./persist.ts";
import { Shell } from "./shell.tsx";

// What is asked for while the server can not be reached waits until it can.
onlineManager.setEventListener((tell) => {
  tell(isReachable());
  return onReach(tell);
});

export function makeClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 24 * 3_600_000,
        // What the server has refused it will refuse again.
        retry: (failures, error) =>
          failures < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
        retryDelay: (failures, error) =>
          error instanceof Problem && error.retryAfter
            ? error.retryAfter * 1000
            : 1000 * 2 ** failures,
      },
    },
  });
}

export function App() {
  const [client] = useState(makeClient);
  return (
    <PersistQueryClientProvider
      client={client}
      persistOptions={persistence}
      onSuccess={() => recall(client)}
    >
      <Shell />
      <Toasts />
    </PersistQueryClientProvider>
  );
}

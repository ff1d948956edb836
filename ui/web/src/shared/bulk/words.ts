import type { BulkOperation } from "../ui/dialogs.ts";

export const bulkVerbs: Record<BulkOperation, { doing: string; ask: string; done: string }> = {
  pause: { doing: "Pausing", ask: "Pause", done: "paused" },
  resume: { doing: "Resuming", ask: "Resume", done: "resumed" },
  "run-now": { doing: "Starting", ask: "Run now", done: "started" },
  "set-interval": { doing: "Editing", ask: "Set the interval of", done: "edited" },
  delete: { doing: "Deleting", ask: "Delete", done: "deleted" },
};

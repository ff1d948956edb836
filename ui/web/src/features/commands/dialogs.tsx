import { lazy, Suspense } from "react";
import { openDialog, useDialog } from "../../shared/ui/dialogs.ts";
import { BulkDialog } from "./bulk.tsx";
import { DeleteDialog } from "./delete.tsx";
import { JobDialog } from "./job.tsx";
import { KeysDialog } from "./keys.tsx";
import { PauseDialog } from "./pause.tsx";
import { RunDialog } from "./run.tsx";

const ScheduleForm = lazy(() => import("./form.tsx"));
const Palette = lazy(() => import("./palette.tsx"));

/** Whichever dialog was asked for, from wherever. */
export default function Dialogs() {
  const wanted = useDialog();
  const close = () => openDialog(null);
  switch (wanted?.kind) {
    case "delete":
      return <DeleteDialog key={wanted.tenant} tenant={wanted.tenant} onClose={close} />;
    case "pause":
      return <PauseDialog key={wanted.tenant} tenant={wanted.tenant} onClose={close} />;
    case "run":
      return <RunDialog tenant={wanted.tenant} why={wanted.why} onClose={close} />;
    case "form":
      return (
        <Suspense>
          <ScheduleForm
            key={wanted.tenant ?? ""}
            tenant={wanted.tenant}
            meant={wanted.meant}
            onClose={close}
          />
        </Suspense>
      );
    case "bulk":
      return (
        <BulkDialog
          operation={wanted.operation}
          pick={wanted.pick}
          words={wanted.words}
          onClose={close}
        />
      );
    case "job":
      return <JobDialog onClose={close} />;
    case "palette":
      return (
        <Suspense>
          <Palette onClose={close} />
        </Suspense>
      );
    case "keys":
      return <KeysDialog onClose={close} />;
    default:
      return null;
  }
}

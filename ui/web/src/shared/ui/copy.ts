import { toast } from "./toasts.tsx";

/** Puts text into the clipboard; over plain HTTP there is none, so a selection has to do. */
export async function copy(text: string): Promise<void> {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("aria-hidden", "true");
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
  }
  toast(
    done
      ? { tone: "ok", title: "Copied" }
      : { tone: "error", title: "Could not copy", detail: "The browser does not allow it." },
  );
}

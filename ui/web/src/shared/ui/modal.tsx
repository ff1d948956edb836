import { type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./icons.tsx";

/** A native modal dialog: focus stays inside, Escape closes, and focus goes back to where it was. */
export function Modal({
  title,
  children,
  onClose,
  alert = false,
  wide = false,
  keep = false,
}: {
  title: string;
  children: ReactNode;
  onClose: () => void;
  alert?: boolean;
  wide?: boolean;
  /** There is something unsaved: ask before closing. */
  keep?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    opener.current = document.activeElement;
    const rows = [...document.querySelectorAll<HTMLElement>("[data-tenant]")];
    const own = rows.findIndex((row) => row.contains(opener.current));
    const next = own < 0 ? undefined : (rows[own + 1] ?? rows[own - 1])?.dataset.tenant;
    const element = dialog.current;
    element?.showModal();
    // What is to be filled in comes first, not the button that closes.
    element
      ?.querySelector<HTMLElement>("form :is(input, select, textarea), [role=combobox]")
      ?.focus();
    document.documentElement.classList.add("has-modal");
    return () => {
      element?.close();
      if (!document.querySelector("dialog[open]")) {
        document.documentElement.classList.remove("has-modal");
      }
      const back = opener.current;
      if (back instanceof HTMLElement && back.isConnected) return back.focus();
      // The opener is gone with its row: the next row takes the focus, or else the page's heading.
      const row = next === undefined ? null : `[data-tenant="${CSS.escape(next)}"]`;
      const heading = document.querySelector<HTMLElement>("main h1");
      ((row && document.querySelector<HTMLElement>(row)) || heading)?.focus();
    };
  }, []);
  const close = () => {
    if (!keep || window.confirm("Leave without saving?")) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      className={wide ? "modal wide" : "modal"}
      role={alert ? "alertdialog" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !alert) close();
      }}
    >
      <div className="modal-box">
        <header className="modal-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={close}>
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { Icon, type IconName } from "./icons.tsx";

export interface Item {
  label: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  /** A switch: choosing it leaves the menu open. */
  checked?: boolean;
  onSelect: () => void;
}

/** A button with a list of actions in a native popover. */
export function Menu({
  label,
  items,
  children,
  className = "icon-button",
}: {
  label: string;
  items: () => Item[];
  children?: ReactNode;
  className?: string;
}) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const place = () => {
    const box = button.current?.getBoundingClientRect();
    const popover = list.current;
    if (!box || !popover) return;
    const { offsetWidth: width, offsetHeight: height } = popover;
    const below = box.bottom + 4 + height <= innerHeight || box.top < height;
    popover.style.left = `${Math.max(8, Math.min(box.right - width, innerWidth - width - 8))}px`;
    popover.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
  };
  const focus = (step: number | "first" | "last") => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next =
      step === "first"
        ? 0
        : step === "last"
          ? all.length - 1
          : (at + step + all.length) % all.length;
    all[next]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") focus(1);
    else if (event.key === "ArrowUp") focus(-1);
    else if (event.key === "Home") focus("first");
    else if (event.key === "End") focus("last");
    else if (event.key === "Tab") list.current?.hidePopover();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={children ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
      >
        {children ?? <Icon name="more" />}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        className="menu"
        onKeyDown={onKeyDown}
        onToggle={(event) => {
          const isOpen = event.newState === "open";
          setOpen(isOpen);
          if (isOpen) {
            requestAnimationFrame(() => {
              place();
              focus("first");
            });
          }
        }}
      >
        {open &&
          items().map((item) => (
            <button
              key={item.label}
              type="button"
              {...(item.checked === undefined
                ? { role: "menuitem" }
                : { role: "menuitemcheckbox", "aria-checked": item.checked })}
              tabIndex={-1}
              data-danger={item.danger || undefined}
              disabled={item.disabled}
              onClick={() => {
                if (item.checked === undefined) {
                  list.current?.hidePopover();
                  button.current?.focus();
                }
                item.onSelect();
              }}
            >
              {item.icon && <Icon name={item.icon} />}
              {item.checked !== undefined && <Icon name="check" className="menu-check" />}
              {item.label}
            </button>
          ))}
      </div>
    </>
  );
}

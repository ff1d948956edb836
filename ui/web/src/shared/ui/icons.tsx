const paths = {
  check: "M20 6 9 17l-5-5",
  cross: "M18 6 6 18M6 6l12 12",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5z",
  run: "M13 2 4.5 13.5H11L10 22l8.5-11.5H13z",
  clock: "M12 7v5l3.5 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  late: "M12 7v5l-3 2M21 12a9 9 0 1 1-6.200-8.500M19 3v3M19 9v.1",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  columns: "M4 5h16v14H4zM10 5v14M15 5v14",
  retry: "M20 11A8 8 0 1 0 18 17M20 4v7h-7",
  broken:
    "M12 8v5M12 16.5v.1M10.3 3.9 2.5 17.5A2 2 0 0 0 4.2 20.5h15.6a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z",
  dot: "M12 12h.01",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  search: "M21 21l-4.5-4.5M19 11a8 8 0 1 1-16 0 8 8 0 0 1 16 0z",
  list: "M8 6h13M8 12h13M8 18h13M3.5 6h.01M3.5 12h.01M3.5 18h.01",
  timeline: "M3 12h4l3 8 4-16 3 8h4",
  audit: "M9 12h6M9 16h6M9 8h2M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8z",
  heart: "M3 12h4l2 5 4-11 2.5 6H21",
  gear: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M19.1 4.9l-1.8 1.8M6.7 17.3l-1.8 1.8",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  key: "M14.5 9.5 21 3M17 7l2.5 2.5M15 13a5 5 0 1 1-10 0 5 5 0 0 1 10 0z",
  why: "M9.2 9a3 3 0 1 1 4.2 2.8c-.9.4-1.4 1-1.4 2.2M12 17.5v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  filter: "M4 5h16l-6.5 8v5l-3 2v-7z",
  user: "M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4.5 20.5c1.4-3.6 4.2-5 7.500-5s6.100 1.400 7.500 5",
  menu: "M4 7h16M4 12h16M4 17h16",
} as const;

export type IconName = keyof typeof paths;

/** A line drawing beside a word; it says nothing that the word does not. */
export function Icon({ name, className }: { name: IconName; className?: string }) {
  return (
    <svg
      className={`icon icon-${name} ${className ?? ""}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 512 512" aria-hidden="true" focusable="false">
      <g fill="none" strokeLinecap="round" strokeWidth="44">
        <path className="mark-rest" d="M256 96a160 160 0 0 0-139 81" />
        <path className="mark-arc" d="M256 96a160 160 0 1 1-139 81" />
        <path className="mark-hands" d="M256 168v92l62 46" strokeLinejoin="round" />
      </g>
      <circle className="mark-dot" cx="256" cy="96" r="36" />
    </svg>
  );
}

import { Link } from "wouter";
import type { Counts, ScheduleState } from "../../shared/api/types.ts";
import { count } from "../../shared/time/format.ts";
import { stateLooks } from "../../shared/ui/badge.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { type Filter, isNarrow, states } from "./filter.ts";

/** How many tenants are in each state; each number leads to those tenants. */
export function Summary({
  counts,
  overdue,
  filter,
}: {
  counts: Counts | null;
  overdue: number | undefined;
  filter: Filter;
}) {
  const only = filter.states.length === 1 ? filter.states[0] : undefined;
  return (
    <nav className="summary" aria-label="Tenants by state">
      <Card word="ALL" tone="all" number={counts?.total} href="/" current={!isNarrow(filter)} />
      {states.map((state: ScheduleState) => (
        <Card
          key={state}
          word={stateLooks[state].word}
          tone={stateLooks[state].tone}
          icon={stateLooks[state].icon}
          number={counts?.[state]}
          href={`/?state=${state}`}
          current={only === state}
        />
      ))}
      <Card
        word="OVERDUE"
        tone={overdue ? "warn" : "never"}
        icon="late"
        number={overdue}
        href="/?overdue=1"
        current={filter.overdue}
      />
    </nav>
  );
}

function Card({
  word,
  tone,
  icon,
  number,
  href,
  current,
}: {
  word: string;
  tone: string;
  icon?: Parameters<typeof Icon>[0]["name"];
  number: number | undefined;
  href: string;
  current: boolean;
}) {
  return (
    <Link
      href={current ? "/" : href}
      className="summary-card"
      data-tone={tone}
      data-zero={number === 0 || undefined}
      aria-current={current || undefined}
    >
      <span className="summary-number">{number === undefined ? "–" : count(number)}</span>{" "}
      <span className="summary-word">
        {icon && <Icon name={icon} />}
        {word}
      </span>
    </Link>
  );
}

import type { RunState } from "../api/types.ts";

export interface Beat {
  state: RunState;
  duration_ms: number | null;
}

const WIDTH = 4;
const HEIGHT = 20;

/** The last runs as bars, oldest first: tall and red where one failed. Two paths, whatever their number. */
export function Spark({ beats, slots = 30 }: { beats: readonly Beat[]; slots?: number }) {
  const ended = beats
    .filter(({ state }) => state !== "running")
    .slice(0, slots)
    .reverse();
  const good = ended.filter(({ state }) => state === "succeeded").length;
  if (ended.length === 0) return <span className="faint">no runs yet</span>;
  const longest = Math.max(...ended.map(({ duration_ms }) => duration_ms ?? 0), 1);
  const bars = (isGood: boolean) =>
    ended
      .map(({ state, duration_ms }, index) => {
        if ((state === "succeeded") !== isGood) return "";
        const height = isGood ? 4 + 12 * ((duration_ms ?? 0) / longest) : HEIGHT;
        const x = (slots - ended.length + index) * WIDTH + 1;
        return `M${x} ${HEIGHT}v-${height.toFixed(1)}`;
      })
      .join("");
  const none = Array.from(
    { length: slots - ended.length },
    (_, index) => `M${index * WIDTH + 1} ${HEIGHT}v-2`,
  ).join("");
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${slots * WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${good} of the last ${ended.length} runs ok`}
    >
      <path className="spark-none" d={none} />
      <path className="spark-ok" d={bars(true)} />
      <path className="spark-bad" d={bars(false)} />
    </svg>
  );
}

import { useParamsState } from "../url.ts";

const ends = [
  ["since", "From"],
  ["until", "To"],
] as const;

/** Where a window of time begins and ends, in this device's time; kept in the address. */
export function WindowFields() {
  const [params, change] = useParamsState();
  return ends.map(([name, label]) => (
    <label key={name} className="inline-field">
      <span>{label}</span>
      <input
        type="datetime-local"
        value={params.get(name) ?? ""}
        onChange={({ target }) => change({ [name]: target.value })}
      />
    </label>
  ));
}

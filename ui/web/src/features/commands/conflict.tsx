import { useEffect, useId, useRef, useState } from "react";
import { type Draft, differencesOf, merged, type Side } from "./draft.ts";

/** Somebody else has saved meanwhile: what it was, theirs and yours, and which of each to keep. */
export function Conflict({
  base,
  mine,
  theirs,
  onDecided,
}: {
  base: Draft;
  mine: Draft;
  theirs: Draft;
  onDecided: (draft: Draft) => void;
}) {
  const id = useId();
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), []);
  const differences = differencesOf(base, mine, theirs);
  const [sides, setSides] = useState<Record<string, Side>>({});
  const sideOf = ({ part, side }: (typeof differences)[number]) => sides[part.label] ?? side;
  const kept = differences.filter((each) => sideOf(each) === "mine").map(({ part }) => part);
  return (
    <section ref={place} className="conflict" role="alert" aria-label="Changed meanwhile">
      <p>
        <strong>Changed meanwhile.</strong> Somebody else has saved this schedule. Choose what to
        keep of each.
      </p>
      <table className="diff">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Setting</span>
            </th>
            <th scope="col">Before</th>
            <th scope="col">Theirs</th>
            <th scope="col">Yours</th>
          </tr>
        </thead>
        <tbody>
          {differences.map((each) => {
            const { part, isConflict } = each;
            return (
              <tr key={part.label} data-conflict={isConflict || undefined}>
                <th scope="row">{part.label}</th>
                <td className="faint" data-label="Before">
                  {part.words(base)}
                </td>
                {(["theirs", "mine"] as const).map((side) => (
                  <td key={side} data-label={side === "mine" ? "Yours" : "Theirs"}>
                    <label className="diff-choice">
                      <input
                        type="radio"
                        name={`${id}-${part.label}`}
                        aria-label={`Keep ${side === "mine" ? "your" : "their"} ${part.label}: ${part.words(side === "mine" ? mine : theirs)}`}
                        checked={sideOf(each) === side}
                        onChange={() => setSides({ ...sides, [part.label]: side })}
                      />
                      {part.words(side === "mine" ? mine : theirs)}
                    </label>
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      <div className="modal-foot">
        <button type="button" className="button small" onClick={() => onDecided(theirs)}>
          Take theirs
        </button>
        <button
          type="button"
          className="button small primary"
          onClick={() => onDecided(merged(mine, theirs, kept))}
        >
          {kept.length === 0 ? "Keep theirs" : "Save this choice"}
        </button>
      </div>
    </section>
  );
}

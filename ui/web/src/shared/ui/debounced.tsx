import { useEffect, useRef, useState } from "react";

/** A text field that tells of its text once the person has stopped typing. */
export function Debounced({
  id,
  value,
  placeholder,
  onChange,
}: {
  id?: string;
  value: string;
  placeholder: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onChange(text.trim());
    }, 200);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <input
      id={id}
      type="search"
      value={text}
      placeholder={placeholder}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      maxLength={128}
      onChange={({ target }) => setText(target.value)}
    />
  );
}

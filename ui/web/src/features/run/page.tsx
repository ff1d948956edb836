import { useTitle } from "../../shared/ui/title.ts";

export default function Page(_props: { tenant?: string; run?: string }) {
  useTitle("run");
  return <h1 tabIndex={-1}>run</h1>;
}

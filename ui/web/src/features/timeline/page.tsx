import { useTitle } from "../../shared/ui/title.ts";

export default function Page(_props: { tenant?: string; run?: string }) {
  useTitle("timeline");
  return <h1 tabIndex={-1}>timeline</h1>;
}

import { Component, type ReactNode } from "react";
import { Failed } from "./faces.tsx";

/** Shows what went wrong in place of a page that could not be drawn, or hands it to `onError`. */
export class Boundary extends Component<{
  children: ReactNode;
  onError?: (error: unknown) => void;
}> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown) {
    this.props.onError?.(error);
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    if (this.props.onError) return null;
    // A part that could not be loaded stays lost for this page.
    const onRetry = isPart(error) ? () => location.reload() : () => this.setState({ error: null });
    return <Failed error={error} onRetry={onRetry} />;
  }
}

/** Whether a part of the app could not be loaded. */
export function isPart(error: unknown): boolean {
  return error instanceof Error && /import|module|preload/i.test(error.message);
}

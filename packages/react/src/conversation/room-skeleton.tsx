/** What stands where messages will be. Shown late, so that a room that is there at once does not flicker. */
import type { ReactNode } from "react";

/** Widths of lines in percent, as of messages of different lengths. */
const lines = [62, 38, 74, 50];

/** Four messages without words. */
export function RoomSkeleton(): ReactNode {
  return (
    <div className="history-skeleton late" aria-busy="true">
      {lines.map((width) => (
        <div key={width} className="skeleton-message">
          <div className="skeleton square" />
          <div>
            <div className="skeleton short" />
            <div className="skeleton" style={{ inlineSize: `${width}%` }} />
          </div>
        </div>
      ))}
    </div>
  );
}
